// Owners of what a device works with in order: streams, and events that mark a place in one. Every
// call that queues takes its stream; nothing uses the default one. An owner belongs to the device
// that was current (use_device) when it was made, and to one thread at a time.
#pragma once

#include <utility>

#include "overlay/base/result.h"

struct CUstream_st;  // what the CUDA runtime's handles point at
struct CUevent_st;

namespace gpu {

class Event;

// Makes device `index` the one that this thread's calls mean. Errors: Device.
base::Status use_device(int index);

class Stream {
 public:
  enum class Priority { Low, Normal, High };

  // Errors: Device.
  static base::Result<Stream> make(Priority priority);
  Stream() = default;  // none; only to be assigned to
  ~Stream();
  Stream(Stream&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  CUstream_st* handle() const { return handle_; }

  // Blocks until all that was queued is done. Errors: Device, also for a fault in a kernel that was
  // queued: after one, the device is of no use to this process until it is reset.
  base::Status wait();
  // What is queued from here on begins after the event. Errors: Device.
  base::Status wait_for(const Event& event);

 private:
  CUstream_st* handle_ = nullptr;
};

class Event {
 public:
  static base::Result<Event> make();
  Event() = default;
  ~Event();
  Event(Event&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  CUevent_st* handle() const { return handle_; }

  // Marks what is queued on the stream so far.
  base::Status record(const Stream& stream);
  // Blocks, asleep, until what was marked is done; at once where nothing was.
  base::Status wait() const;

 private:
  CUevent_st* handle_ = nullptr;
};

// From one event to a later one, both done, in milliseconds. Errors: Device.
base::Result<float> milliseconds_between(const Event& from, const Event& until);

}  // namespace gpu
