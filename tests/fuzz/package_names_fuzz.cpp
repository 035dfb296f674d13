#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/packages.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// The input is a directory: a file name a line. Whatever lies there, the newest package is one of
// the files and has a plain name, and versions have one order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFilesMax = 16;
  std::vector<std::string> files;
  std::string_view rest = base::as_text({data, size});
  while (!rest.empty() && files.size() < kFilesMax) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    files.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const std::string& a : files) {
    CHECK(coordinator::compare_versions(a, a) == 0);
    for (const std::string& b : files) {
      const int order = coordinator::compare_versions(a, b);
      CHECK((order > 0) == (coordinator::compare_versions(b, a) < 0));
      for (const std::string& c : files) {
        CHECK(order > 0 || coordinator::compare_versions(b, c) > 0 ||
              coordinator::compare_versions(a, c) <= 0);
      }
    }
  }
  const std::string newest = coordinator::newest_package(files, "x", "amd64");
  if (!newest.empty()) {
    CHECK(std::find(files.begin(), files.end(), newest) != files.end());
    CHECK(coordinator::is_package_name(newest));
    CHECK(newest.starts_with("x_"));
  }
  return 0;
}
