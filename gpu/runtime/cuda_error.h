// Errors of the CUDA runtime as ours. `code` is a cudaError_t.
#pragma once

#include <cstddef>
#include <string>

#include "overlay/base/result.h"

namespace gpu {

// LimitExceeded for memory that is not there, Device for all else: "cudaStreamCreate: no device".
base::Error device_error(const std::string& what, int code);
base::Status device_status(const char* what, int code);

// Ok, or the error of the launch just made: "bit_reverse of 1048576: invalid argument".
base::Status launch_status(const char* kernel, std::size_t size);

}  // namespace gpu
