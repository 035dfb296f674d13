#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace prover {

inline constexpr std::size_t kLineBytesMax = 4096;  // without its end

// Cuts a stream into lines that end in "\n" or "\r\n". A line longer than kLineBytesMax, ended or
// not, makes the stream unusable: is_overlong() stays true and no more lines come.
//
// Memory: what was fed and not polled. An owner that polls all lines between two feeds of n bytes
// holds at most kLineBytesMax + n.
class LineReader {
 public:
  void handle_bytes(std::span<const std::uint8_t> bytes);
  // The next line, without its end; empty lines are passed over.
  std::optional<std::string> poll_line();

  bool has_line() const;
  bool is_overlong() const { return is_overlong_; }
  std::size_t buffered_bytes() const { return buffer_.size() - begin_; }

 private:
  void drop();
  void check_rest();

  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not polled
  bool is_overlong_ = false;
};

}  // namespace prover
