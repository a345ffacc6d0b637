// base: the vocabulary that every module speaks: views, buffers, errors, files, JSON, locks,
// threads. It knows nothing of the Hub, HTTP or git. Everything here is safe to use from several
// threads at once on different objects; an object belongs to one thread unless its header says
// "thread-safe".
#ifndef SPOKE_BASE_H
#define SPOKE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/time.h"
#include "base/log.h"
#include "base/cancel.h"
#include "base/cond.h"
#include "base/fault.h"
#include "base/path.h"
#include "base/glob.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/source.h"
#include "base/json.h"
#include "base/yaml.h"
#include "base/conf.h"
#include "base/pool.h"
#include "base/progress.h"

#endif
