"""Training: subjects -> pairs -> restoration GAN -> quality head and calibration -> preset."""
