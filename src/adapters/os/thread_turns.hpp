// How the threads of the gateway share a core: those that answer requests go before those that nobody waits for.
//
// By slices and weights of EEVDF (Linux 6.12, sched_setattr(2)): a thread that wakes up takes the core at once from one
// whose turns are longer. Where the system refuses, threads stand beside each other. Of the thread that calls.
#pragma once

namespace obleth::adapters {

// For a loop: turns of 0.1 ms, which do not end while nobody else wants the core.
void take_short_turns();

// For a thread that works for nobody who waits: a third of a loop's weight, turns of 3 ms, and none that it asks for in
// the middle of another thread's. Of a core that other threads would fill, a quarter is left to it.
void stand_back();

}  // namespace obleth::adapters
