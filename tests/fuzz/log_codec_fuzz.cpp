#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/log_codec.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// The first byte chooses the decoder. What is sealed gets its right seal, as from somebody who has
// the key: behind a seal that is wrong nothing is read. Whatever decodes must encode to the same
// bytes.
namespace {

std::vector<std::uint8_t> with_seal(const coordinator::LogKey& key, std::string_view label,
                                    std::span<const std::uint8_t> content) {
  std::vector<std::uint8_t> message(label.begin(), label.end());
  message.insert(message.end(), content.begin(), content.end());
  const crypto::Digest256 seal = crypto::keyed_blake2b(key, message);
  std::vector<std::uint8_t> sealed(content.begin(), content.end());
  sealed.insert(sealed.end(), seal.begin(), seal.end());
  return sealed;
}

void fuzz_batch(std::span<const std::uint8_t> content) {
  const coordinator::LogKey key;
  const auto sealed = with_seal(key, "linkspan-log-batch-1\n", content);
  const auto opened = coordinator::open_batch(key, sealed);
  if (!opened.ok()) {
    CHECK(!opened.error().text().empty());
    return;
  }
  CHECK(coordinator::seal_batch(key, opened.value().batch).bytes == base::as_text(sealed));
}

void fuzz_header(std::span<const std::uint8_t> content) {
  const coordinator::LogKey key;
  const auto sealed = with_seal(key, "linkspan-snapshot-header-1\n", content);
  const auto header = coordinator::decode_snapshot_header(key, sealed);
  if (!header.ok()) {
    CHECK(!header.error().text().empty());
    return;
  }
  CHECK(coordinator::encode(key, header.value()) == base::as_text(sealed));
}

void fuzz_fingerprint(std::span<const std::uint8_t> content) {
  const auto parsed = coordinator::parse_fingerprint(base::as_text(content));
  CHECK(!parsed.ok() || coordinator::format_fingerprint(parsed.value()) == base::as_text(content));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::span<const std::uint8_t> content(data + 1, size - 1);
  if (data[0] == 'b') {
    fuzz_batch(content);
  } else if (data[0] == 's') {
    fuzz_header(content);
  } else {
    fuzz_fingerprint(content);
  }
  return 0;
}
