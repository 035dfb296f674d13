#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "mirror/proxy/answer.h"
#include "mirror/proxy/connection.h"
#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp.h"
#include "overlay/loop/timer.h"

namespace mirror {

class Server;

// The right to answer one request, now or later. Without effect once the client or the server is
// gone, so that a fetch need not know who still waits.
class Responder {
 public:
  Responder(std::weak_ptr<Server*> server, std::uint64_t connection, std::uint64_t request)
      : server_(std::move(server)), connection_(connection), request_(request) {}

  // Once.
  void respond(Answer answer) const;

 private:
  std::weak_ptr<Server*> server_;  // the server's own; empty when it is gone
  std::uint64_t connection_;
  std::uint64_t request_;
};

// The proxy's HTTP/1.1 server: GET and HEAD without bodies, keep-alive, sendfile. Why not the
// house's other server: libwebsockets moved one 1 GB file at 1.1 GB/s where sendfile moves 4.8
// GB/s.
//
// Over connections_max, clients wait in the kernel's queue.
class Server {
  struct Private {};  // open() is the way in

 public:
  struct Options {
    base::Endpoint listen;
    std::size_t connections_max = 1024;
  };
  using Handler = std::function<void(const RequestHead&, Responder)>;

  // Errors: as TcpListener::open.
  static base::Result<std::unique_ptr<Server>> open(loop::Loop& loop, Options options,
                                                    Handler handler);
  Server(Private, loop::Loop& loop, Options options, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  base::Endpoint local() const { return local_; }
  std::size_t connections() const { return connections_.size(); }

  // Stops listening, lets answers under way end for `at_most` and cuts those that have not by then,
  // which the runtime takes as a reason to ask elsewhere for the rest; then calls `on_drained` from
  // the loop.
  void drain(base::Duration at_most, std::function<void()> on_drained);

 private:
  friend class Responder;

  void handle_accept(std::unique_ptr<loop::TcpSocket> socket);
  void respond(std::uint64_t connection, std::uint64_t request, Answer answer);
  void retire(std::uint64_t id);
  void sweep();
  template <typename Act>
  void for_each_connection(Act act);  // which may retire it

  static constexpr base::Duration kSweepInterval = std::chrono::seconds(1);

  loop::Loop& loop_;
  Options options_;
  Handler handler_;
  base::Endpoint local_;
  std::unique_ptr<loop::TcpListener> listener_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;  // until their callbacks have returned
  std::uint64_t last_id_ = 0;
  loop::Timer sweep_timer_;
  loop::Timer retire_timer_;
  loop::Timer cut_timer_;
  std::function<void()> on_drained_;
  std::shared_ptr<Server*> self_;  // owned here alone; Responders watch it
};

}  // namespace mirror
