// How a server's GPUs are shown. Pure.
#pragma once

#include <string>
#include <vector>

#include "gpu/runtime/inventory.h"
#include "overlay/model/gpu_inventory.h"

namespace cli {

struct GpuCards {
  struct Card {
    gpu::DeviceFacts facts;
    gpu::DeviceReading reading;
  };

  std::string driver;
  std::vector<Card> cards;
  std::string why;  // there are none, in a sentence; else empty
};

// A table, or the sentence; lines, each ended.
std::string format_gpus(const GpuCards& read);
// What model::decode_gpu_answer reads. Ends with a newline.
std::string format_gpus_json(const GpuCards& read);

// One line, not ended: "8 x NVIDIA H200, 140 GiB, driver 580.65.06"; "none".
std::string format_gpu_line(const model::GpuInventory& gpus);

}  // namespace cli
