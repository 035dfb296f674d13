// Owners of memory: DeviceBuffer on the device, PinnedBuffer on the host where the device reaches
// it by itself. DeviceSpan borrows from the former; host code never looks behind it.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "gpu/runtime/stream.h"
#include "overlay/base/result.h"

namespace gpu {

namespace detail {

// Errors: LimitExceeded where memory is short, Device for all else.
base::Result<void*> allocate_device(std::size_t size_bytes);
void free_device(void* memory);
base::Result<void*> allocate_pinned(std::size_t size_bytes);
void free_pinned(void* memory);
base::Status copy(const Stream& stream, void* to, const void* from, std::size_t size_bytes);

}  // namespace detail

// Device memory that somebody owns.
template <typename T>
class DeviceSpan {
 public:
  DeviceSpan() = default;
  DeviceSpan(T* data, std::size_t size) : data_(data), size_(size) {}

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  // Requires first + count <= size().
  DeviceSpan part(std::size_t first, std::size_t count) const {
    CHECK(first <= size_ && count <= size_ - first);
    return {data_ + first, count};
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T>
class DeviceBuffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  static base::Result<DeviceBuffer> make(std::size_t size) {
    auto memory = detail::allocate_device(size * sizeof(T));
    if (!memory.ok()) {
      return memory.error();
    }
    DeviceBuffer out;
    out.span_ = {static_cast<T*>(memory.value()), size};
    return base::Result(std::move(out));  // nvcc would copy `out`
  }
  DeviceBuffer() = default;  // empty
  ~DeviceBuffer() { detail::free_device(span_.data()); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : span_(std::exchange(other.span_, DeviceSpan<T>())) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(span_, other.span_);
    return *this;
  }

  DeviceSpan<T> span() const { return span_; }

 private:
  DeviceSpan<T> span_;
};

template <typename T>
class PinnedBuffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  static base::Result<PinnedBuffer> make(std::size_t size) {
    auto memory = detail::allocate_pinned(size * sizeof(T));
    if (!memory.ok()) {
      return memory.error();
    }
    PinnedBuffer out;
    out.span_ = {static_cast<T*>(memory.value()), size};
    return base::Result(std::move(out));  // nvcc would copy `out`
  }
  PinnedBuffer() = default;  // empty
  ~PinnedBuffer() { detail::free_pinned(span_.data()); }
  PinnedBuffer(PinnedBuffer&& other) noexcept : span_(std::exchange(other.span_, std::span<T>())) {}
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    std::swap(span_, other.span_);
    return *this;
  }

  std::span<T> span() const { return span_; }

 private:
  std::span<T> span_;
};

// Queues a copy. The host's memory must stay until it is done; from a pinned buffer it goes on
// beside kernels, from other memory the call may block. Require equal sizes. Errors: Device.
template <typename T>
base::Status upload(const Stream& stream, DeviceSpan<T> to, std::span<const T> from) {
  CHECK(to.size() == from.size());
  return detail::copy(stream, to.data(), from.data(), from.size_bytes());
}
template <typename T>
base::Status download(const Stream& stream, std::span<T> to, DeviceSpan<T> from) {
  CHECK(to.size() == from.size());
  return detail::copy(stream, to.data(), from.data(), to.size_bytes());
}

}  // namespace gpu
