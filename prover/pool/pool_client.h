#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp_connect.h"
#include "overlay/loop/timer.h"
#include "prover/pool/client_machine.h"
#include "prover/pool/line_socket.h"

namespace prover {

// ClientMachine on real sockets. Begins to connect at once and goes on until it is stopped.
class PoolClient {
 public:
  using Options = ClientMachine::Options;

  // All run from the loop, none inside a call; none may destroy the client. Each may be empty.
  struct Callbacks {
    std::function<void(const WorkEvent&)> on_work;              // search this
    std::function<void(std::uint64_t)> on_target;               // the same, with another target
    std::function<void(const ResultEvent&)> on_result;          // once for each share
    std::function<void(const ConnectionEvent&)> on_connection;  // to be logged and counted
  };

  // Requires at least one pool. Keeps references to `loop` and `random`.
  PoolClient(loop::Loop& loop, Options options, base::RandomSource& random, Callbacks callbacks);
  ~PoolClient();
  PoolClient(const PoolClient&) = delete;
  PoolClient& operator=(const PoolClient&) = delete;

  // See ClientMachine::submit().
  base::Result<ShareNumber> submit(const Job& job, const Share& share);
  // Waits for the answers to what was sent, ClientMachine::kLeaveMax at most; then `done`, which
  // may destroy the client. Call once.
  void stop(std::function<void()> done);

  ClientMachine::State state() const { return machine_.state(); }
  std::size_t unanswered() const { return machine_.unanswered(); }

 private:
  void pump_soon();
  void pump();
  void carry_out(const ClientMachine::Command& command);
  void connect(std::size_t pool);
  void probe(std::size_t pool);
  void report(const ClientEvent& event);

  loop::Loop& loop_;
  Callbacks callbacks_;
  ClientMachine machine_;
  loop::Timer timer_;
  std::unique_ptr<loop::TcpConnect> connecting_;
  std::unique_ptr<loop::TcpConnect> probing_;
  std::unique_ptr<LineSocket> socket_;
  std::function<void()> on_stopped_;
};

}  // namespace prover
