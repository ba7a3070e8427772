"""What would a run do with this input? Everything is the run, but the warehouse and the stage, which are nowhere."""
