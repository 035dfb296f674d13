#include "overlay/loop/http_exchange.h"

#include <utility>

#include "overlay/base/bytes.h"

namespace loop {

HttpExchange::Body HttpExchange::peek(std::span<const std::uint8_t>& bytes) {
  if (!is_stream) {
    bytes = base::as_bytes(body).subspan(sent_bytes);
    return bytes.empty() ? Body::Ended : Body::Bytes;
  }
  while (chunk == nullptr || sent_bytes == chunk->size()) {
    chunk = nullptr;
    sent_bytes = 0;
    if (is_ending) {
      return Body::Ended;
    }
    if (is_waiting || !pull) {
      return Body::Waiting;
    }
    chunk = pull();
    if (chunk == nullptr && !is_ending) {
      is_waiting = true;
    }
  }
  bytes = std::span<const std::uint8_t>(*chunk).subspan(sent_bytes);
  return Body::Bytes;
}

std::function<void()> end_exchange(HttpExchange& exchange) {
  exchange.session = nullptr;
  exchange.pull = nullptr;
  exchange.chunk = nullptr;
  return std::exchange(exchange.on_closed, nullptr);
}

}  // namespace loop
