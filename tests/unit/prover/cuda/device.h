// For tests on a device: skips by name where there is none.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "gpu/runtime/buffer.h"
#include "gpu/runtime/stream.h"

namespace prover::test {

// Why this machine has no device, or nothing. Asks once.
const std::string& why_no_device();

class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!why_no_device().empty()) {
      GTEST_SKIP() << "no device: " << why_no_device();
    }
    ASSERT_TRUE(gpu::use_device(0).ok());
    auto stream = gpu::Stream::make(gpu::Stream::Priority::Normal);
    ASSERT_TRUE(stream.ok()) << stream.error().text();
    stream_ = std::move(stream).value();
  }

  template <typename T>
  gpu::DeviceBuffer<T> empty(std::size_t size) {
    auto buffer = gpu::DeviceBuffer<T>::make(size);
    CHECK(buffer.ok());
    return std::move(buffer).value();
  }
  template <typename T>
  gpu::DeviceBuffer<T> on_device(const std::vector<T>& values) {
    auto buffer = empty<T>(values.size());
    CHECK(gpu::upload(stream_, buffer.span(), std::span<const T>(values)).ok());
    CHECK(stream_.wait().ok());
    return buffer;
  }
  // Waits for what is queued.
  template <typename T>
  std::vector<T> on_host(const gpu::DeviceBuffer<T>& buffer) {
    std::vector<T> out(buffer.span().size());
    CHECK(gpu::download(stream_, std::span<T>(out), buffer.span()).ok());
    const auto status = stream_.wait();
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().text());
    return out;
  }

  gpu::Stream stream_;
};

}  // namespace prover::test
