// What the kernel knows of this process: memory, CPU time, descriptors, threads. Any thread.
#pragma once

#include "observe/gauge_samples.hpp"

namespace obleth::observe {

// Reads /proc/self; what cannot be read is left out.
void add_process_gauges(GaugeSamples& gauges);

}  // namespace obleth::observe
