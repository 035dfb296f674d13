#include "prover/pool/line_reader.h"

#include "overlay/base/bytes.h"

namespace prover {

void LineReader::drop() {
  is_overlong_ = true;
  buffer_.clear();
  begin_ = 0;
}

void LineReader::handle_bytes(std::span<const std::uint8_t> bytes) {
  if (is_overlong_) {
    return;
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_.append(base::as_text(bytes));
  check_rest();
}

bool LineReader::has_line() const {
  return buffer_.find('\n', begin_) != std::string::npos;
}

// One byte more for the "\r" of an end whose "\n" is still to come.
void LineReader::check_rest() {
  if (buffered_bytes() > kLineBytesMax + 1 && !has_line()) {
    drop();
  }
}

std::optional<std::string> LineReader::poll_line() {
  while (true) {
    const std::size_t end = buffer_.find('\n', begin_);
    if (end == std::string::npos) {
      check_rest();
      return std::nullopt;
    }
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = end + 1;
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.size() > kLineBytesMax) {
      drop();
      return std::nullopt;
    }
    if (!line.empty()) {
      return line;
    }
  }
}

}  // namespace prover
