namespace Functional.Tests.Properties;

/// <summary>The memory of training, in bytes.</summary>
/// <param name="Parameters">The parameters.</param>
/// <param name="Gradients">Their gradients.</param>
/// <param name="Slots">The optimiser's state.</param>
/// <param name="Activations">What the forward pass keeps for the backward one: an estimate.</param>
readonly record struct TrainingMemory(long Parameters, long Gradients, long Slots, long Activations)
{
    /// <summary>All together.</summary>
    public long Total => Parameters + Gradients + Slots + Activations;
}

/// <summary>What a GPT costs, in closed forms worked out by hand; <see cref="Cost"/> counts the same from a program's graph.</summary>
static class GptByHand
{
    extension(DecoderConfig c)
    {
        /// <summary>How many numbers the parameters hold.</summary>
        public long ParameterCount
        {
            get
            {
                long w = c.Width, bias = c.Bias != Biases.None ? 1 : 0;
                var norm = w * (1 + bias);
                var block = 2 * norm + 12 * w * w + bias * 9 * w;
                return c.Layers * block
                    + c.Vocabulary * w * (c.TiedHead ? 1 : 2)
                    + (c.Positions == Positions.Learned ? c.Context * w : 0)
                    + norm;
            }
        }

        /// <summary>
        /// Floating-point operations of a forward pass for each token of a full context: 24 · width² a block for its matrices,
        /// 2 · context · width for causal attention (each token sees half the context on average), and 2 · vocabulary · width for the head.
        /// Norms and nonlinearities, below a few per cent, are not counted.
        /// </summary>
        public double ForwardFlops => c.Layers * (24.0 * c.Width * c.Width + 2.0 * c.Context * c.Width) + 2.0 * c.Vocabulary * c.Width;

        /// <summary>Floating-point operations of training for each token: a backward pass takes twice as many as a forward one.</summary>
        public double TrainingFlops => 3 * c.ForwardFlops;

        /// <summary>
        /// The memory of a training step in float32. Activations: 16 · width numbers a token and block (inputs of both norms and of the four
        /// matrices, q, k and v, and the nonlinearity's two sides of 4 · width), one for each head's log-sum-exp, and 2 · width around the blocks.
        /// Dropout on attention weights adds those weights themselves.
        /// </summary>
        /// <param name="optimiser">Whose state counts.</param>
        /// <param name="batch">The batch.</param>
        public TrainingMemory TrainingMemory(GradientTransform optimiser, BatchShape batch)
        {
            var specs = Transformer.Of(c).Specs;
            var tokens = (long)batch.Rows * batch.Time;
            var scores = c.Dropout > 0 ? 2L * c.Heads * batch.Time : 0;
            return new(
                specs.Fold(0L, static (n, s) => n + s.Type.Bytes),
                specs.Fold(0L, static (n, s) => s.Trains ? n + s.Type.Bytes : n),
                specs.Fold(0L, (n, s) => s.Trains ? n + optimiser.Slots(s).Sum(static slot => slot.Type.Bytes) : n),
                4 * tokens * (c.Layers * (16L * c.Width + c.Heads + scores) + 2L * c.Width));
        }
    }
}
