// CHECK is for our own bugs and stays on in release: a broken invariant ends the process before it
// can spread. What a peer, a user or the kernel can cause is a base::Error, never a CHECK.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace base {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace base

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      ::base::check_failed(#condition, __FILE__, __LINE__); \
    }                                                       \
  } while (false)
