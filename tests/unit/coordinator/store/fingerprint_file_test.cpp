#include "coordinator/store/fingerprint_file.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/overlay/loop/temporary_directory.h"

namespace coordinator {
namespace {

using ::testing::HasSubstr;

class FingerprintFileTest : public ::testing::Test {
 protected:
  static Fingerprint fingerprint(std::uint64_t sequence) {
    Fingerprint out;
    out.position.sequence = sequence;
    return out;
  }
  std::uint64_t sequence_in(const FingerprintFile& file) {
    const auto loaded = file.load();
    EXPECT_TRUE(loaded.ok());
    return loaded.ok() && loaded.value() ? loaded.value()->position.sequence : 0;
  }

  loop::TemporaryDirectory temp_;
  std::string path_ = temp_.path() + "/log.fingerprint";
  loop::Loop loop_;
};

TEST_F(FingerprintFileTest, HasNothingAtFirst) {
  const auto loaded = FingerprintFile(loop_, path_).load();

  ASSERT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.value().has_value());
}

TEST_F(FingerprintFileTest, WritesTheNewestWithinItsInterval) {
  FingerprintFile file(loop_, path_);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    file.note(fingerprint(i));
  }
  EXPECT_EQ(sequence_in(file), 0U);

  loop_.run();  // until the timer and the write are through

  EXPECT_EQ(sequence_in(file), 100U);
}

TEST_F(FingerprintFileTest, WritesAtOnceWhenFlushed) {
  FingerprintFile file(loop_, path_);
  file.note(fingerprint(7));

  ASSERT_TRUE(file.flush().ok());

  EXPECT_EQ(sequence_in(file), 7U);
}

TEST_F(FingerprintFileTest, RefusesAFileThatIsNotOne) {
  std::ofstream(path_) << "hello\n";

  const auto refused = FingerprintFile(loop_, path_).load();

  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("log.fingerprint: fingerprint: expected"));
}

}  // namespace
}  // namespace coordinator
