#include "gpu/runtime/stream.h"

#include <cuda_runtime_api.h>

#include "gpu/runtime/cuda_error.h"

namespace gpu {

base::Status use_device(int index) {
  return device_status("cudaSetDevice", cudaSetDevice(index));
}

base::Result<Stream> Stream::make(Priority priority) {
  int least = 0;
  int greatest = 0;  // a smaller number, as with processes
  if (auto status = device_status("cudaDeviceGetStreamPriorityRange",
                                  cudaDeviceGetStreamPriorityRange(&least, &greatest));
      !status.ok()) {
    return status.error();
  }
  const int number = priority == Priority::Low    ? least
                     : priority == Priority::High ? greatest
                                                  : (least + greatest) / 2;
  Stream out;
  if (auto status =
          device_status("cudaStreamCreate",
                        cudaStreamCreateWithPriority(&out.handle_, cudaStreamNonBlocking, number));
      !status.ok()) {
    return status.error();
  }
  return out;
}

Stream::~Stream() {
  if (handle_ != nullptr) {
    cudaStreamDestroy(handle_);
  }
}

base::Status Stream::wait() {
  return device_status("cudaStreamSynchronize", cudaStreamSynchronize(handle_));
}

base::Status Stream::wait_for(const Event& event) {
  return device_status("cudaStreamWaitEvent", cudaStreamWaitEvent(handle_, event.handle(), 0));
}

base::Result<Event> Event::make() {
  Event out;
  if (auto status = device_status("cudaEventCreate",
                                  cudaEventCreateWithFlags(&out.handle_, cudaEventBlockingSync));
      !status.ok()) {
    return status.error();
  }
  return out;
}

Event::~Event() {
  if (handle_ != nullptr) {
    cudaEventDestroy(handle_);
  }
}

base::Status Event::record(const Stream& stream) {
  return device_status("cudaEventRecord", cudaEventRecord(handle_, stream.handle()));
}

base::Status Event::wait() const {
  return device_status("cudaEventSynchronize", cudaEventSynchronize(handle_));
}

base::Result<float> milliseconds_between(const Event& from, const Event& until) {
  float out = 0;
  if (auto status = device_status("cudaEventElapsedTime",
                                  cudaEventElapsedTime(&out, from.handle(), until.handle()));
      !status.ok()) {
    return status.error();
  }
  return out;
}

}  // namespace gpu
