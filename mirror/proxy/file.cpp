#include "mirror/proxy/file.h"

#include <unistd.h>

namespace mirror {

File::~File() {
  close(fd_);
}

}  // namespace mirror
