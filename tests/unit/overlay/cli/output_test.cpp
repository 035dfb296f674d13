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

TEST(TableTest, WidthCountsCharactersNotBytes) {
  Table table({"A", "B"});
  table.add({"é", "x"});
  table.add({"ee", "y"});

  EXPECT_EQ(table.text(), "A   B\né   x\nee  y\n");
}

}  // namespace
}  // namespace cli
