#include "overlay/loop/redis_socket.h"

#include <memory>

#include <fcntl.h>

#include "overlay/base/check.h"
#include "overlay/loop/handle.h"

namespace loop {
namespace {

struct Socket {
  uv_poll_t handle;
  redisAsyncContext* context;  // null once hiredis has let go
  int events = 0;
};

void on_ready(uv_poll_t* handle, int status, int events) noexcept {
  const auto* socket = static_cast<const Socket*>(handle->data);
  // libuv stops the handle and gives no events on an error: reading is how hiredis finds out which.
  if (socket->context != nullptr && (status < 0 || (events & UV_READABLE) != 0)) {
    redisAsyncHandleRead(socket->context);
  }
  if (socket->context != nullptr && status >= 0 && (events & UV_WRITABLE) != 0) {
    redisAsyncHandleWrite(socket->context);
  }
}

void change(void* data, int add, int remove) {
  auto* socket = static_cast<Socket*>(data);
  socket->events = (socket->events | add) & ~remove;
  if (socket->events != 0) {
    uv_poll_start(&socket->handle, socket->events, on_ready);
  } else {
    uv_poll_stop(&socket->handle);
  }
}

void clean_up(void* data) {
  auto* socket = static_cast<Socket*>(data);
  socket->context = nullptr;
  const HandleOwner<Socket> owner(socket);  // closes it
}

}  // namespace

base::Status attach_redis(redisAsyncContext& context, Loop& loop) {
  CHECK(context.ev.data == nullptr);
  ::fcntl(context.c.fd, F_SETFD, FD_CLOEXEC);
  auto state = std::make_unique<Socket>(Socket{{}, &context});
  auto socket = open_handle(std::move(state), [&](uv_poll_t* handle) {
    return uv_poll_init(&loop.handle(), handle, context.c.fd);
  });
  if (!socket.ok()) {
    return socket.error();
  }
  context.ev.data = std::move(socket).value().release();  // hiredis owns it until clean_up
  context.ev.addRead = [](void* data) noexcept { change(data, UV_READABLE, 0); };
  context.ev.delRead = [](void* data) noexcept { change(data, 0, UV_READABLE); };
  context.ev.addWrite = [](void* data) noexcept { change(data, UV_WRITABLE, 0); };
  context.ev.delWrite = [](void* data) noexcept { change(data, 0, UV_WRITABLE); };
  context.ev.cleanup = [](void* data) noexcept { clean_up(data); };
  return {};
}

}  // namespace loop
