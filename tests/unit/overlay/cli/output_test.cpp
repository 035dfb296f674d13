#include "overlay/cli/output.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCellAndLinesHaveNoTrailingSpace) {
  Table table({"NAME", "SITE", "STATE"});
  table.add({"gateway-1", "ams", "up"});
  table.add({"m", "", ""});

  EXPECT_EQ(table.text(),
            "NAME       SITE  STATE\n"
            "gateway-1  ams   up\n"
            "m\n");
}

TEST(TableTest, HeaderOfEmptyCellsIsNotPrinted) {
  Table table({"", ""});
  table.add({"node", "alpha"});

  EXPECT_EQ(table.text(), "node  alpha\n");
}

TEST(TableTest, ControlCharactersCannotReachTheTerminal) {
  Table table({"NAME"});
  table.add({"a\x1b[2Jb\nc"});

  EXPECT_EQ(table.text(), "NAME\na?[2Jb?c\n");
}

TEST(PrintableTest, ControlCharactersOfEverySetAreShownAsQuestionMarks) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\nc\x7f"), "a?[2Jb??c?");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "2Jb"),
            "a?2Jb");
  EXPECT_EQ(printable("caf\xc3\xa9 \xc2\xa0 \xe4\xb8\x96"), "caf\xc3\xa9 \xc2\xa0 \xe4\xb8\x96");
  EXPECT_EQ(printable("\xc2"), "\xc2");
}

TEST(PrintableTest, ErrorsCannotDriveTheTerminal) {
  ::testing::internal::CaptureStderr();

  print_error("the coordinator refused: a\x1b[2Jb\nc");

  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "linkspan: the coordinator refused: a?[2Jb?c\n");
}

TEST(TableTest, WidthCountsCharactersNotBytes) {
  Table table({"A", "B"});
  table.add({"é", "x"});
  table.add({"ee", "y"});

  EXPECT_EQ(table.text(), "A   B\né   x\nee  y\n");
}

}  // namespace
}  // namespace cli
