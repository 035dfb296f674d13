#include "prover/pool/line_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"

namespace prover {
namespace {

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> lines;
  while (auto line = reader.poll_line()) {
    lines.push_back(*line);
  }
  return lines;
}

TEST(LineReaderTest, CutsAtEndsHoweverTheBytesCome) {
  const std::string text = "one\r\ntwo\n\n\r\nthree\nrest";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineReader reader;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      reader.handle_bytes(base::as_bytes(std::string_view(text).substr(at, step)));
      for (const auto& line : lines_of(reader)) {
        lines.push_back(line);
      }
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(reader.buffered_bytes(), 4U);
  }
}

TEST(LineReaderTest, ALineOfTheLongestSizeIsTaken) {
  LineReader reader;
  reader.handle_bytes(base::as_bytes(std::string(kLineBytesMax, 'x') + "\r"));
  EXPECT_FALSE(reader.is_overlong());
  reader.handle_bytes(base::as_bytes("\n"));
  EXPECT_EQ(lines_of(reader).size(), 1U);
}

TEST(LineReaderTest, ALineThatNeverEndsIsGivenUpOnAndNotKept) {
  LineReader reader;
  for (int i = 0; i < 1000 && !reader.is_overlong(); ++i) {
    reader.handle_bytes(base::as_bytes(std::string(100, 'x')));
    lines_of(reader);
    EXPECT_LE(reader.buffered_bytes(), kLineBytesMax + 1);
  }
  EXPECT_TRUE(reader.is_overlong());
  reader.handle_bytes(base::as_bytes("\nnext\n"));
  EXPECT_TRUE(lines_of(reader).empty());
}

TEST(LineReaderTest, AnEndedLineThatIsTooLongEndsTheStreamToo) {
  LineReader reader;
  reader.handle_bytes(base::as_bytes("ok\n" + std::string(kLineBytesMax + 1, 'x') + "\nnext\n"));
  EXPECT_EQ(lines_of(reader), std::vector<std::string>{"ok"});
  EXPECT_TRUE(reader.is_overlong());
}

}  // namespace
}  // namespace prover
