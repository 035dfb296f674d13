#include "coordinator/domain/table.h"

#include <string>

#include <gtest/gtest.h>

namespace coordinator {
namespace {

TEST(TableTest, RollBackUndoesEverythingSinceTheCommit) {
  Table<int, std::string> table;
  table.put(1, "one");
  table.put(2, "two");
  table.commit();

  table.put(1, "uno");
  table.put(1, "eins");
  table.erase(2);
  table.put(2, "zwei");
  table.put(3, "drei");
  table.roll_back();

  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(*table.find(1), "one");
  EXPECT_EQ(*table.find(2), "two");
}

TEST(TableTest, CommitMakesChangesStay) {
  Table<int, std::string> table;
  table.put(1, "one");
  table.commit();
  table.roll_back();

  EXPECT_EQ(*table.find(1), "one");
}

TEST(TableTest, CellGoesBackToItsCommittedValue) {
  Cell<int> cell;
  cell.put(1);
  cell.commit();
  cell.put(2);
  cell.put(3);
  cell.roll_back();

  EXPECT_EQ(cell.get(), 1);
}

}  // namespace
}  // namespace coordinator
