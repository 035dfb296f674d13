#include "overlay/model/problem.h"

#include <gtest/gtest.h>

namespace model {
namespace {

TEST(ProblemTest, ReadsAsTheRfcSaysAndComesBack) {
  Problem problem;
  problem.status = 400;
  problem.type = "urn:linkspan:problem:field";
  problem.title = "field refused";
  problem.detail = "enrol: listen_port: 0, expected a number in 1..65532";
  problem.field = "listen_port";
  problem.value = "0";

  EXPECT_EQ(encode(problem),
            R"({"type":"urn:linkspan:problem:field","title":"field refused","status":400,)"
            R"("detail":"enrol: listen_port: 0, expected a number in 1..65532",)"
            R"("field":"listen_port","value":"0"})");
  EXPECT_EQ(decode_problem(encode(problem)).value(), problem);
}

TEST(ProblemTest, AbsentAndUnknownMembersAreNoError) {
  const auto problem = decode_problem(R"({"instance":"/x","title":7,"status":-1})");

  ASSERT_TRUE(problem.ok());
  EXPECT_EQ(problem.value().type, "about:blank");
  EXPECT_EQ(problem.value().title, "");
  EXPECT_EQ(problem.value().status, 0);
  EXPECT_FALSE(problem.value().field.has_value());
}

TEST(ProblemTest, WhatIsNoObjectIsRefused) {
  EXPECT_EQ(decode_problem("<html>").error().text(), "problem: not JSON");
  EXPECT_EQ(decode_problem("[]").error().text(), "problem: [], expected an object");
}

TEST(ProblemTest, BytesThatAreNoTextDoNotBreakTheDocument) {
  Problem problem;
  problem.value = "\xff\xfe";

  EXPECT_TRUE(decode_problem(encode(problem)).ok());
}

}  // namespace
}  // namespace model
