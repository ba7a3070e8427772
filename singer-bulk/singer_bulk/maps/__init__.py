"""What messages become before they are loaded: SCHEMAs as they are meant, stream maps, flattening, envelopes."""
