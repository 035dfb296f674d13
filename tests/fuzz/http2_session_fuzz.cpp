#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/loop/http2_session.h"
#include "tests/fuzz/http_session_fuzz.h"

// Behind the preface and an empty SETTINGS frame, without which nothing is looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteWriter bytes;
  bytes.raw(base::as_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  bytes.raw(std::vector<std::uint8_t>{0, 0, 0, 4, 0, 0, 0, 0, 0});
  bytes.raw({data, size});
  loop::run_session<loop::Http2Session>(bytes.bytes());
  return 0;
}
