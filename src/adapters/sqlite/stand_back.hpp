// For threads that work for nobody who waits: how they stand back behind those that answer requests.
#pragma once

namespace obleth::adapters {

// Of a core that other threads would fill, a quarter is left to this one, in turns of 0.1 ms, which it does not ask for
// in the middle of another thread's: whoever wakes up meanwhile waits for such a turn, not for one of 3 ms (EEVDF's
// slices; Linux 6.12, sched_setattr(2)). Where the system refuses that, it stands beside the others. This thread's own.
void stand_back();

}  // namespace obleth::adapters
