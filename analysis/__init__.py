"""The science of fMRI for Language Models."""
