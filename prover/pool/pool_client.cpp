#include "prover/pool/pool_client.h"

#include <utility>

namespace prover {

PoolClient::PoolClient(loop::Loop& loop, Options options, base::RandomSource& random,
                       Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      machine_(std::move(options), random, loop.now()),
      timer_(loop, [this] {
        machine_.handle_time(loop_.now());
        pump();
      }) {
  pump_soon();
}

PoolClient::~PoolClient() = default;

base::Result<ShareNumber> PoolClient::submit(const Job& job, const Share& share) {
  auto number = machine_.submit(job, share, loop_.now());
  pump_soon();
  return number;
}

void PoolClient::stop(std::function<void()> done) {
  on_stopped_ = std::move(done);
  machine_.stop(loop_.now());
  pump_soon();
}

// What is done on the outside is done from the loop, also for calls that come from elsewhere.
void PoolClient::pump_soon() {
  timer_.start_after(base::Duration(0));
}

void PoolClient::pump() {
  while (const auto command = machine_.poll_command()) {
    carry_out(*command);
  }
  const std::string output = machine_.take_output();
  if (socket_) {
    socket_->send(output);
  }
  while (const auto event = machine_.poll_event()) {
    report(*event);
  }
  if (machine_.state() == ClientMachine::State::Stopped && on_stopped_) {
    timer_.stop();
    loop_.post(std::exchange(on_stopped_, nullptr));
    return;
  }
  // A report may have submitted something, which started the timer for now.
  if (const auto next = machine_.next_timeout()) {
    timer_.start_at(*next);
  } else {
    timer_.stop();
  }
  if (machine_.has_output()) {
    pump_soon();
  }
}

void PoolClient::carry_out(const ClientMachine::Command& command) {
  if (const auto* to = std::get_if<ClientMachine::Connect>(&command)) {
    connect(to->pool);
  } else if (const auto* at = std::get_if<ClientMachine::Probe>(&command)) {
    probe(at->pool);
  } else {
    connecting_.reset();
    socket_.reset();
  }
}

void PoolClient::connect(std::size_t pool) {
  const PoolAddress& at = machine_.options().pools[pool];
  socket_.reset();
  connecting_ = std::make_unique<loop::TcpConnect>(
      loop_, at.host, at.port, ClientMachine::kStepMax,
      [this](base::Result<std::unique_ptr<loop::TcpSocket>> socket) {
        if (!socket.ok()) {
          machine_.handle_disconnected(socket.error().text(), loop_.now());
          pump_soon();
          return;
        }
        LineSocket::Callbacks callbacks;
        callbacks.on_bytes = [this](std::span<const std::uint8_t> bytes) {
          machine_.handle_bytes(bytes, loop_.now());
          pump_soon();
        };
        callbacks.on_closed = [this](const std::string& why) {
          machine_.handle_disconnected(why, loop_.now());
          pump_soon();
        };
        socket_ =
            std::make_unique<LineSocket>(loop_, std::move(socket).value(), std::move(callbacks));
        machine_.handle_connected(loop_.now());
        pump_soon();
      });
}

void PoolClient::probe(std::size_t pool) {
  const PoolAddress& at = machine_.options().pools[pool];
  probing_ = std::make_unique<loop::TcpConnect>(
      loop_, at.host, at.port, ClientMachine::kStepMax,
      [this](const base::Result<std::unique_ptr<loop::TcpSocket>>& socket) {
        machine_.handle_probed(socket.ok(), loop_.now());
        pump_soon();
      });
}

void PoolClient::report(const ClientEvent& event) {
  const auto tell = [](const auto& callback, const auto& what) {
    if (callback) {
      callback(what);
    }
  };
  if (const auto* work = std::get_if<WorkEvent>(&event)) {
    tell(callbacks_.on_work, *work);
  } else if (const auto* target = std::get_if<TargetEvent>(&event)) {
    tell(callbacks_.on_target, target->target);
  } else if (const auto* result = std::get_if<ResultEvent>(&event)) {
    tell(callbacks_.on_result, *result);
  } else {
    tell(callbacks_.on_connection, std::get<ConnectionEvent>(event));
  }
}

}  // namespace prover
