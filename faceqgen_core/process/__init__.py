"""What the rest of the process may have set or done before: settings of Keras, a fork."""
