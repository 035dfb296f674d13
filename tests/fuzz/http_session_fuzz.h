#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "overlay/base/check.h"
#include "overlay/loop/http_exchange.h"

namespace loop {

// Feeds `input` to a session as a connection would, in pieces whose sizes the input chooses,
// answers every request, and checks the bounds that the server promises.
template <typename Session>
void run_session(std::span<const std::uint8_t> input) {
  static Loop loop;
  constexpr std::size_t kBodyMax = 64;
  const HttpContext context{kBodyMax, 8, "Sun, 06 Nov 1994 08:49:37 GMT"};
  Session session(context, [] {});
  std::string out;
  while (!input.empty() && session.wants_input() && !session.is_finished()) {
    const std::size_t size = std::min<std::size_t>(input.size(), std::size_t{1} + input[0] % 64);
    session.handle_input(base::TimePoint(), input.first(size));
    input = input.subspan(size);
    while (auto incoming = session.poll_request()) {
      CHECK(incoming->request.body.size() <= kBodyMax);
      CHECK(incoming->request.path.starts_with('/'));
      CHECK(incoming->request.headers.size() <= HttpServer::kHeadersMax);
      HttpServer::Responder responder(loop, incoming->exchange);
      if (incoming->request.query.empty()) {
        responder.respond({200, {{"x-a", incoming->request.path}}, "body"});
      } else {
        responder.begin_stream({200, {}, [] { return nullptr; }, {}}).close();
      }
      out.clear();
      session.produce(out, 4096);
    }
    out.clear();
    session.produce(out, 4096);
    CHECK(out.size() < 65536);
    while (auto on_closed = session.poll_ended()) {
      on_closed();
    }
  }
  session.abandon();
}

}  // namespace loop
