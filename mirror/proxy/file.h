#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "mirror/oci/range.h"
#include "mirror/proxy/body.h"

namespace mirror {

// An open file descriptor, closed at the end.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }

 private:
  int fd_;
};

// Part of a finished file.
class FileBody : public Body {
 public:
  // Shared by every answer that sends from the file, and by nobody else once it is evicted: an
  // unlinked file is sent to its end.
  FileBody(std::shared_ptr<const File> file, std::uint64_t first, std::uint64_t size_bytes)
      : file_(std::move(file)), at_(first), size_bytes_(size_bytes), left_(size_bytes) {}

  std::uint64_t size_bytes() const override { return size_bytes_; }
  State state() const override { return State::Flowing; }
  Piece peek() override {
    constexpr std::uint64_t kPieceMax = 1U << 30;
    return {file_->fd(), at_, static_cast<std::size_t>(std::min(left_, kPieceMax)), {}};
  }
  void advance(std::size_t size) override {
    at_ += size;
    left_ -= size;
  }

 private:
  std::shared_ptr<const File> file_;  // shared with the other answers that send from it
  std::uint64_t at_;
  std::uint64_t size_bytes_;
  std::uint64_t left_;
};

}  // namespace mirror
