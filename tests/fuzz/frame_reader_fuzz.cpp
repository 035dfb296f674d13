// A stream is cut into the same frames whether it comes at once or byte by byte, and the frames are
// the bytes that came.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/model/view_frame.h"

namespace {

struct Cut {
  std::vector<std::vector<std::uint8_t>> frames;
  bool is_ok = true;
};

Cut cut(std::span<const std::uint8_t> stream, std::size_t piece) {
  model::FrameReader reader;
  Cut result;
  while (!stream.empty()) {
    const std::size_t taken = std::min(piece, stream.size());
    result.is_ok = reader.feed(stream.first(taken)).ok() && result.is_ok;
    stream = stream.subspan(taken);
    while (auto frame = reader.poll_frame()) {
      result.frames.push_back(std::move(frame->bytes));
    }
  }
  return result;
}

void check_drain(const std::vector<std::uint8_t>& frame) {
  const auto wait = model::decode_drain(frame);
  if (wait.ok()) {
    const auto again = model::encode_drain(wait.value());
    CHECK(std::ranges::equal(std::span(again).subspan(4), frame));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> stream(data, size);
  const Cut whole = cut(stream, size + 1);
  const Cut bytes = cut(stream, 1);
  CHECK(whole.frames == bytes.frames && whole.is_ok == bytes.is_ok);
  std::size_t offset = 0;
  for (const auto& frame : whole.frames) {
    offset += 4;
    CHECK(std::ranges::equal(frame, stream.subspan(offset, frame.size())));
    offset += frame.size();
    if (frame.front() == static_cast<std::uint8_t>(model::FrameType::Drain)) {
      check_drain(frame);
    }
  }
  return 0;
}
