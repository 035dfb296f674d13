#include "overlay/loop/http1_session.h"
#include "tests/fuzz/http_session_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  loop::run_session<loop::Http1Session>({data, size});
  return 0;
}
