#include "overlay/loop/redis_where.h"

#include <gtest/gtest.h>

namespace loop {
namespace {

TEST(RedisWhereTest, IsASocketAnAddressOrSentinels) {
  EXPECT_EQ(parse_redis("unix:/run/r.sock", "").value().unix_path, "/run/r.sock");
  EXPECT_EQ(parse_redis("[::1]:6380", "").value().host, "::1");
  const auto sentinels = parse_redis("sentinel:main@a:1,b:2", "");
  ASSERT_TRUE(sentinels.ok());
  EXPECT_EQ(sentinels.value().sentinel_master, "main");
  ASSERT_EQ(sentinels.value().sentinels.size(), 2U);
  EXPECT_EQ(sentinels.value().sentinels[1].port, 2);
  for (const char* text : {"", "x", "unix:", "unix:r.sock", "a:0", "a:70000", "sentinel:a:1",
                           "sentinel:m@", "sentinel:m@x"}) {
    EXPECT_FALSE(parse_redis(text, "").ok()) << text;
  }
}

}  // namespace
}  // namespace loop
