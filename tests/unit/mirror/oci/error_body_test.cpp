#include "mirror/oci/error_body.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

TEST(ErrorBodyTest, IsTheSpecifiedDocument) {
  EXPECT_EQ(error_body("BLOB_UNKNOWN", "no replica has it"),
            R"({"errors":[{"code":"BLOB_UNKNOWN","message":"no replica has it"}]})");
}

TEST(ErrorBodyTest, DescribesItsOwnForm) {
  EXPECT_EQ(describe_error_body(error_body("DENIED", "no")), R"(code "DENIED", message "no")");
}

TEST(ErrorBodyTest, NeverShowsWhatIsNoErrorDocument) {
  EXPECT_EQ(describe_error_body("<html>login</html>"), "a body of 18 bytes");
  EXPECT_EQ(describe_error_body(R"({"errors":[]})"), "a body of 13 bytes");
  EXPECT_EQ(describe_error_body(R"({"errors":[3]})"), "a body of 14 bytes");
  EXPECT_EQ(describe_error_body(std::string(100, '[')), "a body of 100 bytes");
}

}  // namespace
}  // namespace mirror
