// What the program and the library of the CUDA engine say to each other: C, versioned, plain data.
//
// The program opens the library at run time (dlopen) and asks linkspan_gpu_api_table() for this
// version's table of functions; another version's library gives none. Every function that can fail
// returns one of LINKSPAN_GPU_* and fills `error`. A card is used by one thread at a time.
//
// After LINKSPAN_GPU_LOST nothing more is to be had from the card: close it, and open it again.
#pragma once

#include <cstdint>

extern "C" {

#define LINKSPAN_GPU_VERSION 1U
#define LINKSPAN_GPU_SYMBOL "linkspan_gpu_api_table"
#define LINKSPAN_GPU_CHUNK 64U       // bases of one add_bases, at most
#define LINKSPAN_GPU_HITS_MAX 4096U  // hits of one batch, at most

enum {
  LINKSPAN_GPU_OK = 0,
  LINKSPAN_GPU_LOST = 1,         // the device, the driver or the process' context failed
  LINKSPAN_GPU_MEMORY = 2,       // not enough for what was asked; the card goes on
  LINKSPAN_GPU_UNAVAILABLE = 3,  // no driver, no device, no code for it
};

struct linkspan_gpu_error {
  char text[256];
};

struct linkspan_gpu_options {
  uint32_t degree_max;  // buffers are for degree_max + 1 bases
  uint32_t batch;       // proofs at once; 0: what fills the device
  uint32_t windows;     // of the wide tables; 0: the fewest that free memory allows
};

struct linkspan_gpu_facts {
  char name[96];
  uint8_t uuid[16];  // as NVML's, in binary
  uint64_t memory_bytes;
  uint64_t table_bytes;  // of both tables
  uint32_t batch;
  uint32_t wide_windows;
  uint32_t narrow_windows;
  uint32_t multiprocessors;
  uint32_t capability;  // 90 for 9.0
};

// Which of the two sets of tables: the narrow ones are soon made and used meanwhile.
enum { LINKSPAN_GPU_NARROW = 0, LINKSPAN_GPU_WIDE = 1 };

// A proof whose commitment reached the target; coordinates in Montgomery form, as gpu::Fq.
struct linkspan_gpu_hit {
  uint64_t index;  // in the batch
  uint64_t target;
  uint64_t x[6];
  uint64_t y[6];
};

// What `measure` can do; each runs for about the given time.
enum {
  LINKSPAN_GPU_PRODUCTS = 0,   // products of Fq a second, nothing else
  LINKSPAN_GPU_ADDITIONS = 1,  // additions of table entries a second, no hashing; needs tables
};

struct linkspan_gpu_card;

struct linkspan_gpu_api {
  uint32_t version;
  uint32_t size_bytes;  // of this table
  int (*count)(uint32_t* devices, struct linkspan_gpu_error* error);
  int (*open)(uint32_t device, const struct linkspan_gpu_options* options,
              struct linkspan_gpu_card** card, struct linkspan_gpu_facts* facts,
              struct linkspan_gpu_error* error);
  void (*close)(struct linkspan_gpu_card* card);
  // An epoch's bases: y - x, y + x, 2 d x y of six limbs each, in Montgomery form. The tables of
  // the former are worth nothing from here on. Ends what was queued.
  int (*set_bases)(struct linkspan_gpu_card* card, const uint64_t* entries, uint32_t count,
                   struct linkspan_gpu_error* error);
  // Queues the tables of bases first, ... first + count - 1.
  int (*build_tables)(struct linkspan_gpu_card* card, int tables, uint32_t first, uint32_t count,
                      struct linkspan_gpu_error* error);
  // Queues another batch: nonces first_nonce, first_nonce + 1, ... after the prefix of 68 bytes.
  int (*begin_batch)(struct linkspan_gpu_card* card, int tables, const uint32_t* prefix,
                     uint64_t first_nonce, struct linkspan_gpu_error* error);
  // Queues hashing and adding of bases first, ... of which the tables are built or queued.
  int (*add_bases)(struct linkspan_gpu_card* card, uint32_t first, uint32_t count,
                   struct linkspan_gpu_error* error);
  // Blocks until at most `queued` of the calls of add_bases and build_tables are unfinished.
  int (*wait)(struct linkspan_gpu_card* card, uint32_t queued, struct linkspan_gpu_error* error);
  // Maps the sums back and gives those that reach the target, in any order; `hits` has room for
  // LINKSPAN_GPU_HITS_MAX, `found` counts those for which there was none too. Blocks.
  int (*finish_batch)(struct linkspan_gpu_card* card, uint64_t target,
                      struct linkspan_gpu_hit* hits, uint32_t* found,
                      struct linkspan_gpu_error* error);
  // out = the transform of scalars[i] * points[i] over 2^log_size roots: an epoch's bases. Entries
  // as set_bases takes them; scalars and roots (w^0 ... w^(size/2 - 1)) of four limbs, the former
  // as integers, the latter in Montgomery form; out is x and y of six limbs each. Uses its own
  // stream and some megabytes of its own, beside whatever a card of this device does. Blocks.
  int (*transform_points)(uint32_t device, uint32_t log_size, const uint64_t* entries,
                          const uint64_t* scalars, const uint64_t* roots, uint64_t* out,
                          struct linkspan_gpu_error* error);
  int (*measure)(struct linkspan_gpu_card* card, int what, double seconds, double* per_second,
                 struct linkspan_gpu_error* error);
};

// The table of this version, or null for another one.
const struct linkspan_gpu_api* linkspan_gpu_api_table(uint32_t version);
}
