#pragma once

#include "admm/admm_trainer.h"
#include "train/memory.h"

namespace tersegraph {

/// What training by ADMM takes; see train/memory.h.
MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const AdmmTrainerConfig& config,
                                const ProcessPart& part);

}  // namespace tersegraph
