#include "mirror/select/explain.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

using namespace std::chrono_literals;

TEST(ExplainTest, TextNamesReplicasSourcesAndSwitches) {
  SiteMap map;
  map.site = "s";
  map.node = "n";
  map.replicas = {{ReplicaId{1}, "s", "http://a:5000", "", {{"docker.io", false}}}};
  Selector selector;
  const base::TimePoint now{1h};
  selector.set_site_map(map, now);
  selector.handle_probe_success(ReplicaId{1}, 1500us, now);

  EXPECT_EQ(explain_text(explain_json(selector, now + 2s)),
            "site s, node n\n"
            "replica 1  http://a:5000  site s  healthy  1.5 ms\n"
            "source docker.io: replica 1\n"
            "  + replica 1: preferred, 1.50 ms, in own site\n"
            "switch 2000 ms ago, docker.io: replica - -> 1, first choice\n");
}

TEST(ExplainTest, TextThatIsNoExplanationIsGivenBack) {
  EXPECT_EQ(explain_text("not found\n"), "not found\n");
  EXPECT_EQ(explain_text("{}"), "{}");
}

}  // namespace
}  // namespace mirror
