#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mirror/proxy/answer.h"
#include "mirror/proxy/request_parser.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp.h"

namespace mirror {

// One client's connection: requests in, answers out, one at a time.
//
//   Reading --head--> Answering --answer--> Writing --all sent, keep-alive--> Reading
//                                              | last answer, or broken body
//                                              v
//                                          Lingering --client's end or 2 s--> gone
//
// A connection always ends by FIN: it shuts down its sending side and reads what the client still
// sends. A close with unread input would be a RST, on which containerd gives up the whole pull
// instead of asking again for the rest (containerd #11365).
class Connection {
 public:
  static constexpr base::Duration kIdleMax = std::chrono::seconds(120);  // Go's clients: 30..90 s
  static constexpr base::Duration kHeadMax = std::chrono::seconds(10);
  static constexpr base::Duration kWriteStallMax = std::chrono::seconds(60);
  static constexpr base::Duration kLingerMax = std::chrono::seconds(2);
  static constexpr std::size_t kInputBytesMax = 32U << 10;
  // Sent at most before the others get their turn.
  static constexpr std::size_t kTurnBytesMax = 4U << 20;

  struct Callbacks {
    // A request is complete. The answer comes through respond(), now or later.
    std::function<void(const RequestHead&)> on_request;
    // It is over. The owner must not destroy it from inside this callback.
    std::function<void()> on_closed;
  };

  Connection(loop::Loop& loop, std::unique_ptr<loop::TcpSocket> socket, Callbacks callbacks);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The answer to the request given out last. Requires that it has none yet.
  void respond(Answer answer);
  // Counts requests: an answer that comes for an earlier one is recognised by it.
  std::uint64_t request_number() const { return request_number_; }
  bool is_answering() const { return state_ == State::Answering; }

  // Takes no further request: closes if none is under way, else behind its answer.
  void drain();
  // Ends it now, wherever it is: by FIN unless the client goes on sending.
  void cut();
  // To be called now and then; closes what is over its time.
  void check_deadline(base::TimePoint now);

 private:
  enum class State { Reading, Answering, Writing, Lingering, Closed };

  void handle_ready(loop::TcpSocket::Ready ready);
  void read_input();
  void take_requests();
  void refuse(const base::Error& error);
  void write_output();
  // False if the socket is full or gone, or the body has nothing.
  bool write_head();
  bool write_body(std::size_t& turn_left);
  bool is_body_sent() const;
  void finish_answer();
  void linger();
  void close();
  void update_watch();
  void touch(base::Duration span);

  loop::Loop& loop_;
  std::unique_ptr<loop::TcpSocket> socket_;
  Callbacks callbacks_;
  State state_ = State::Reading;
  RequestParser parser_;
  std::vector<std::uint8_t> input_;  // not parsed yet
  std::string output_;               // head and small bodies
  std::size_t output_sent_ = 0;
  Answer answer_;
  std::uint64_t body_left_ = 0;
  bool is_head_request_ = false;
  bool is_keep_alive_ = true;
  bool is_draining_ = false;
  bool is_input_ended_ = false;
  bool wants_write_ = false;
  bool is_inside_ = false;  // of take_requests(): an answer given there is sent by it
  std::uint64_t request_number_ = 0;
  base::TimePoint deadline_;
};

}  // namespace mirror
