#include "gpu/runtime/inventory.h"

#include <gtest/gtest.h>

namespace gpu {
namespace {

TEST(InventoryTest, DevicesAreListedWithTheirFacts) {
  const auto inventory = Inventory::open(FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.error().text();
  EXPECT_EQ(inventory.value().driver(), "580.65.06");
  const std::vector<DeviceFacts> expected = {
      {.model = "NVIDIA H200", .uuid = "GPU-1", .memory_bytes = 150'000},
      {.model = "NVIDIA H200 MIG 1g.18gb", .uuid = "MIG-2", .memory_bytes = 18'000}};
  EXPECT_EQ(inventory.value().devices(), expected);
}

TEST(InventoryTest, ReadingHoldsWhatTheDeviceTells) {
  const auto inventory = Inventory::open(FAKE_NVML);
  ASSERT_TRUE(inventory.ok());
  const DeviceReading whole = inventory.value().read(0);
  EXPECT_EQ(whole.memory_used_bytes, 1'000U);
  EXPECT_EQ(whole.temperature_c, 61U);
  EXPECT_EQ(whole.power_w, 512.5);
  EXPECT_EQ(whole.energy_j, 12.0);
  EXPECT_FALSE(whole.sm_clock_mhz.has_value()) << "this driver has no such function";
  const DeviceReading slice = inventory.value().read(1);
  EXPECT_EQ(slice.memory_used_bytes, 0U);
  EXPECT_FALSE(slice.temperature_c.has_value());
  EXPECT_FALSE(slice.power_w.has_value());
  EXPECT_FALSE(slice.energy_j.has_value());
}

TEST(InventoryTest, NoLibraryIsSaidInOneSentence) {
  const auto inventory = Inventory::open("libnvidia-there-is-none.so.1");
  ASSERT_FALSE(inventory.ok());
  EXPECT_EQ(inventory.error().code(), base::Errc::Unavailable);
  EXPECT_EQ(inventory.error().text(),
            "no GPU: libnvidia-there-is-none.so.1: cannot open shared object file: No such file or "
            "directory");
}

TEST(InventoryTest, DriverThatIsNotLoadedIsSaidInItsWords) {
  const auto inventory = Inventory::open(FAKE_NVML_NO_DRIVER);
  ASSERT_FALSE(inventory.ok());
  EXPECT_EQ(inventory.error().text(), "no GPU: NVML: Driver Not Loaded");
}

TEST(InventoryTest, LibraryOfSomethingElseIsRefused) {
  const auto inventory = Inventory::open("libm.so.6");
  ASSERT_FALSE(inventory.ok());
  EXPECT_EQ(inventory.error().text(), "no GPU: libm.so.6 is not NVML: a function is missing");
}

}  // namespace
}  // namespace gpu
