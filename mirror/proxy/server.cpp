#include "mirror/proxy/server.h"

#include <utility>

namespace mirror {

void Responder::respond(Answer answer) const {
  if (const auto server = server_.lock()) {
    (*server)->respond(connection_, request_, std::move(answer));
  }
}

base::Result<std::unique_ptr<Server>> Server::open(loop::Loop& loop, Options options,
                                                   Handler handler) {
  auto server = std::make_unique<Server>(Private(), loop, options, std::move(handler));
  auto listener = loop::TcpListener::open(
      loop, options.listen, [raw = server.get()](std::unique_ptr<loop::TcpSocket> socket) {
        raw->handle_accept(std::move(socket));
      });
  if (!listener.ok()) {
    return listener.error();
  }
  server->listener_ = std::move(listener).value();
  server->local_ = server->listener_->local();
  return server;
}

Server::Server(Private, loop::Loop& loop, Options options, Handler handler)
    : loop_(loop),
      options_(options),
      handler_(std::move(handler)),
      sweep_timer_(loop, [this] { sweep(); }),
      retire_timer_(loop,
                    [this] {
                      retired_.clear();
                      if (on_drained_ && connections_.empty()) {
                        std::exchange(on_drained_, nullptr)();
                      }
                    }),
      cut_timer_(loop,
                 [this] { for_each_connection([](Connection& connection) { connection.cut(); }); }),
      self_(std::make_shared<Server*>(this)) {}

void Server::handle_accept(std::unique_ptr<loop::TcpSocket> socket) {
  const std::uint64_t id = ++last_id_;
  Connection::Callbacks callbacks;
  callbacks.on_request = [this, id](const RequestHead& head) {
    handler_(head, Responder(self_, id, connections_.at(id)->request_number()));
  };
  callbacks.on_closed = [this, id] { retire(id); };
  connections_.emplace(
      id, std::make_unique<Connection>(loop_, std::move(socket), std::move(callbacks)));
  if (connections_.size() >= options_.connections_max) {
    listener_->pause();
  }
  if (!sweep_timer_.is_started()) {
    sweep_timer_.start_after(kSweepInterval);
  }
}

void Server::respond(std::uint64_t connection, std::uint64_t request, Answer answer) {
  const auto found = connections_.find(connection);
  if (found != connections_.end() && found->second->request_number() == request &&
      found->second->is_answering()) {
    found->second->respond(std::move(answer));
  }
}

void Server::retire(std::uint64_t id) {
  const auto found = connections_.find(id);
  retired_.push_back(std::move(found->second));
  connections_.erase(found);
  retire_timer_.start_after(base::Duration::zero());
  if (listener_ && connections_.size() + 1 == options_.connections_max) {
    listener_->resume();
  }
}

template <typename Act>
void Server::for_each_connection(Act act) {
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = *at->second;
    ++at;
    act(connection);
  }
}

void Server::sweep() {
  for_each_connection(
      [now = loop_.now()](Connection& connection) { connection.check_deadline(now); });
  if (!connections_.empty()) {
    sweep_timer_.start_after(kSweepInterval);
  }
}

void Server::drain(base::Duration at_most, std::function<void()> on_drained) {
  listener_.reset();
  on_drained_ = std::move(on_drained);
  for_each_connection([](Connection& connection) { connection.drain(); });
  retire_timer_.start_after(base::Duration::zero());
  cut_timer_.start_after(at_most);
}

}  // namespace mirror
