#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "prover/pool/line_reader.h"
#include "prover/pool/stratum.h"

namespace {

template <typename Message>
std::string text_of(const Message& message) {
  std::string text = prover::encode(message);
  CHECK(text.size() <= prover::kLineBytesMax + 1 && text.back() == '\n');
  text.pop_back();
  return text;
}

void check(const prover::BadRequest& bad) {
  CHECK(!bad.refusal.text.empty());
  CHECK(prover::encode_refusal(bad.id, bad.refusal).size() <= prover::kLineBytesMax);
}
// What is read and written again is read as the same.
template <typename Request>
void check(const Request& request) {
  const std::string text = text_of(request);
  const prover::PoolRequest again = prover::decode_request(text);
  CHECK(std::holds_alternative<Request>(again));
  CHECK(text_of(std::get<Request>(again)) == text);
}

}  // namespace

// Any bytes, cut into lines and read as what a prover and as what a pool would send.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prover::LineReader reader;
  for (std::size_t at = 0; at < size; at += 1024) {
    reader.handle_bytes({data + at, std::min<std::size_t>(1024, size - at)});
    while (const auto line = reader.poll_line()) {
      CHECK(line->size() <= prover::kLineBytesMax);
      std::visit([](const auto& request) { check(request); }, prover::decode_request(*line));
      const auto message = prover::decode_message(*line);
      if (!message.ok()) {
        CHECK(!message.error().text().empty());
        continue;
      }
      const std::string text =
          std::visit([](const auto& known) { return text_of(known); }, message.value());
      CHECK(prover::decode_message(text).ok());
    }
    CHECK(reader.buffered_bytes() <= prover::kLineBytesMax + 1);
  }
  return 0;
}
