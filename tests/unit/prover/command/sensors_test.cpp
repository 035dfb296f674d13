#include "prover/sensors.h"

#include <gtest/gtest.h>

#include "overlay/loop/files.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace prover {
namespace {

class SensorsTest : public ::testing::Test {
 protected:
  void file(const std::string& path, const std::string& content) {
    const std::string whole = directory_.path(path);
    ASSERT_TRUE(loop::make_directories(whole.substr(0, whole.rfind('/')), 0755).ok());
    ASSERT_TRUE(loop::write_file_atomic(whole, content, 0644).ok());
  }
  SensorReading read() const { return read_sensors(directory_.path("sys")); }

  loop::TemporaryDirectory directory_;
};

TEST_F(SensorsTest, MachineWithoutSensorsHasNone) {
  EXPECT_FALSE(read().temperature_c.has_value());
  EXPECT_FALSE(read().energy_uj.has_value());
}

TEST_F(SensorsTest, HottestIsShown) {
  file("sys/class/hwmon/hwmon0/temp1_input", "41500\n");
  file("sys/class/hwmon/hwmon1/temp2_input", "63000\n");
  file("sys/class/hwmon/hwmon1/temp2_label", "Tctl\n");
  file("sys/class/hwmon/hwmon1/temp3_input", "broken\n");
  EXPECT_EQ(read().temperature_c, 63.0);
}

TEST_F(SensorsTest, EnergyIsThePackagesAndNotTheirParts) {
  file("sys/class/powercap/intel-rapl:0/energy_uj", "1000\n");
  file("sys/class/powercap/intel-rapl:1/energy_uj", "500\n");
  file("sys/class/powercap/intel-rapl:0:0/energy_uj", "700\n");
  EXPECT_EQ(read().energy_uj, 1500U);
}

}  // namespace
}  // namespace prover
