#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mirror/proxy/request_parser.h"
#include "overlay/base/check.h"

namespace {

// The heads in `input`, fed in pieces of `step` bytes, as one text; ends with the error if there is
// one.
std::string read_all(std::span<const std::uint8_t> input, std::size_t step) {
  mirror::RequestParser parser;
  std::string out;
  std::size_t at = 0;
  while (at < input.size()) {
    const auto taken = parser.feed(input.subspan(at, std::min(step, input.size() - at)));
    if (!taken.ok()) {
      CHECK(!taken.error().text().empty());
      return out + "!";
    }
    at += taken.value();
    if (const auto head = parser.next()) {
      CHECK(head->target.size() <= mirror::RequestParser::kTargetBytesMax);
      CHECK(head->headers.size() <= mirror::RequestParser::kHeadersMax);
      out += head->method + " " + head->target + "\n";
      for (const auto& [name, value] : head->headers) {
        out += name + ":" + value + "\n";
      }
      if (head->has_body) {
        return out;  // the server answers and closes
      }
    }
  }
  return out;
}

}  // namespace

// However the bytes of a request are cut into segments, it is understood in the same way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  const std::string whole = read_all(input, std::max<std::size_t>(size, 1));
  CHECK(read_all(input, 1) == whole);
  CHECK(read_all(input, 7) == whole);
  return 0;
}
