using Functional.Base;
using Functional.Settings;

namespace Functional;

/// <summary>Configurations, a few words at a time. Each gives a new configuration and leaves what it does not name as it was.</summary>
public static class RunConfigs
{
    extension(RunConfig config)
    {
        /// <summary>Learns from a text file.</summary>
        /// <param name="path">The file, in UTF-8. CRLF and CR line ends become LF unless <see cref="RunConfig.LineEnds"/> keeps them.</param>
        /// <param name="tokenizer"><c>char</c>, <c>byte</c>, <c>bpe</c>, a file with a tokenizer, or the name of an encoding.</param>
        public RunConfig OnFile(string path, string tokenizer = "char")
        {
            ArgumentException.ThrowIfNullOrEmpty(path);
            ArgumentNullException.ThrowIfNull(tokenizer);
            return config with { Tokenizer = tokenizer, Stage = config.Stage with { Source = config.Stage.Source with { File = path, Mixture = null } } };
        }

        /// <summary>Learns from several texts, each as often as its weight says, with one tokenizer for all.</summary>
        /// <param name="texts">Files, as <see cref="OnFile"/> takes them, each once, and weights above 0, such as <c>("stories.txt", 3), ("code.txt", 1)</c>.</param>
        /// <param name="tokenizer"><c>char</c>, <c>byte</c> or <c>bpe</c>, made for all of them together, a file with a tokenizer, or the name of an encoding.</param>
        public RunConfig OnFiles(IReadOnlyList<(string Path, double Weight)> texts, string tokenizer = "char")
        {
            ArgumentNullException.ThrowIfNull(texts);
            ArgumentNullException.ThrowIfNull(tokenizer);
            foreach (var (path, _) in texts) ArgumentException.ThrowIfNullOrEmpty(path, nameof(texts));
            Vec<TextChoice> choices = [.. texts.Select(static t => new TextChoice(t.Path, t.Weight))];
            if (TextChoice.All(TextChoice.Text(choices)) != choices)
                throw new ArgumentException("hold a name with white space around it, or one that looks like a name with a weight and another", nameof(texts));
            return config with
            {
                Tokenizer = tokenizer,
                Stage = config.Stage with
                {
                    Source = config.Stage.Source with { File = null, Mixture = TextChoice.Text(choices) },
                },
            };
        }

        /// <summary>A model of this size.</summary>
        /// <param name="layers">Blocks.</param>
        /// <param name="heads">Attention heads in a block; divides the width.</param>
        /// <param name="width">Numbers in a hidden state.</param>
        /// <param name="context">Tokens that the model sees at most.</param>
        public RunConfig Sized(int? layers = null, int? heads = null, int? width = null, int? context = null) => config with
        {
            Model = config.Model with
            {
                Layers = layers ?? config.Model.Layers, Heads = heads ?? config.Model.Heads,
                Width = width ?? config.Model.Width, Context = context ?? config.Model.Context,
            },
        };

        /// <summary>
        /// So long, in such batches, at such a rate. The warm-up is shortened to at most a tenth of the steps; a rate below
        /// <see cref="OptimiserConfig.MinLearningRate"/> lowers that to a tenth of it.
        /// </summary>
        /// <param name="steps">Steps of the run.</param>
        /// <param name="batch">Windows in a batch.</param>
        /// <param name="learningRate">The highest learning rate.</param>
        public RunConfig For(long steps, int? batch = null, double? learningRate = null)
        {
            var (stage, optimiser) = (config.Stage, config.Stage.Optimiser);
            return config with
            {
                Stage = stage with
                {
                    Steps = steps, Batch = batch ?? stage.Batch,
                    Optimiser = optimiser with
                    {
                        LearningRate = learningRate ?? optimiser.LearningRate, Warmup = Math.Min(optimiser.Warmup, steps / 10),
                        MinLearningRate = learningRate is { } rate && rate < optimiser.MinLearningRate ? rate / 10 : optimiser.MinLearningRate,
                    },
                },
            };
        }
    }
}
