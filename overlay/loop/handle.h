// Ownership of libuv handles. `new` and `delete` of handle state appear here and nowhere else.
#pragma once

#include <memory>

#include <uv.h>

#include "overlay/base/result.h"

namespace loop {

// Owns a State: a struct with a libuv `handle`, its callbacks and its buffers. libuv goes on using
// a handle after uv_close until it has called back, so the State is freed by that callback and not
// with the owner. Hence an owner may be moved, and destroyed from the handle's own callback.
template <typename State>
struct CloseHandle {
  void operator()(State* state) const noexcept {
    uv_close(reinterpret_cast<uv_handle_t*>(&state->handle),
             [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
  }
};
template <typename State>
using HandleOwner = std::unique_ptr<State, CloseHandle<State>>;

// Initialises state->handle with `init`, a call to some uv_*_init, and starts owning it. If `init`
// fails, the handle was never libuv's and is freed at once. Errors: Unavailable, from libuv.
template <typename State, typename Init>
base::Result<HandleOwner<State>> open_handle(std::unique_ptr<State> state, Init init) {
  if (const int code = init(&state->handle); code != 0) {
    return base::Error(base::Errc::Unavailable, uv_strerror(code));
  }
  state->handle.data = state.get();
  return HandleOwner<State>(state.release());
}

}  // namespace loop
