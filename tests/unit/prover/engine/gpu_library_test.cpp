#include "prover/engine/gpu_library.h"

#include <gtest/gtest.h>

namespace prover {
namespace {

TEST(GpuLibraryTest, MissingLibraryIsNamed) {
  const auto library = GpuLibrary::open("./there-is-no-such-library.so");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code(), base::Errc::Unavailable);
  EXPECT_EQ(library.error().text(),
            "no GPU engine: ./there-is-no-such-library.so: cannot open shared object file: No such "
            "file or directory");
}

TEST(GpuLibraryTest, LibraryOfSomethingElseIsRefused) {
  const auto library = GpuLibrary::open("libm.so.6");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().text(), "no GPU engine: libm.so.6 is not of version 1");
}

#ifdef GPU_LIBRARY
// With a device this is what the tests of label gpu use; without, it must say why there is none.
TEST(GpuLibraryTest, LibraryOpensWithoutADriverAndSaysWhatIsMissing) {
  const auto library = GpuLibrary::open(GPU_LIBRARY);
  if (library.ok()) {
    GTEST_SKIP() << "this machine has a device";
  }
  EXPECT_EQ(library.error().code(), base::Errc::Unavailable);
  EXPECT_TRUE(library.error().text().starts_with("no GPU engine: "));
  EXPECT_GT(library.error().text().size(), std::string("no GPU engine: ").size());
  RecordProperty("why", library.error().text());
}
#endif

}  // namespace
}  // namespace prover
