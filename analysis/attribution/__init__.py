"""How much each neuron adds to a prediction: integrated gradients and their rivals (chapter 7)."""
