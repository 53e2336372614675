namespace Functional.Tests.Properties.Generation;

/// <summary>A small GPT with random weights, on the reference engine if not on another; its shape and its weights decided by numbers.</summary>
sealed class TinyGpt : IDisposable
{
    /// <summary>A tokenizer of its vocabulary.</summary>
    public static CharTokenizer Tokenizer { get; } = CharTokenizer.Train("abcdefgh é\n");

    readonly IEngine engine;
    readonly Workspace parameters;
    readonly Key key;

    public TinyGpt(int seed, int shape, IEngine? on = null, Func<DecoderConfig, DecoderConfig>? change = null)
        : this(seed, change is null ? Any(shape) : change(Any(shape)), on) { }

    static DecoderConfig Any(int shape)
    {
        var pick = Key.Seed((ulong)shape);
        var heads = 1 + (int)pick.Below(1, 2);
        return new()
        {
            Layers = 1 + (int)pick.Below(0, 2), Heads = heads, Width = 4 * heads, Context = 2 + (int)pick.Below(2, 19), Vocabulary = Tokenizer.VocabularySize,
            Bias = pick.Below(3, 2) == 0 ? Biases.All : Biases.None, TiedHead = pick.Below(4, 2) == 0, Positions = (Positions)(int)pick.Below(5, 2),
            NormPlacement = (NormPlacement)(int)pick.Below(6, 2), Dropout = 0.3,
        };
    }

    public TinyGpt(int seed, DecoderConfig config, IEngine? on = null)
    {
        (engine, key, Config) = (on ?? new ReferenceEngine(), Key.Seed((ulong)seed), config);
        Model = Transformer.Of(Config);
        parameters = new(engine);
        foreach (var (name, spec) in Model.Specs)
        {
            // Larger than a model begins with, so that logits differ by far more than the tolerance.
            var values = new float[spec.Type.Size];
            new Initializer.Normal(0.4).Fill(key.FoldIn(name), 0, values);
            parameters.Add(name, spec.Type).Write<float>(values);
        }
    }

    public DecoderConfig Config { get; }

    public Model Model { get; }

    public Batcher Batcher(int rows) => new(engine, Model, parameters.Buffers, rows);

    public Answer[] Answers(IReadOnlyList<int[]> prompts, AnswerRules rules, IReadOnlyList<Key> keys, int rows, Action<int, Answer>? told = null) =>
        Functional.Generation.Answers.Of(engine, Model, parameters.Buffers, ByteTokenizer.Instance, prompts, rules, keys, rows, told);

    public (string Piece, Answer? Whole)[] Pieces(int[] prompt, AnswerRules rules, Key key)
    {
        using var batcher = Batcher(1);
        (string, Answer?)[] all = [.. Functional.Generation.Answers.Pieces(batcher, ByteTokenizer.Instance, prompt, rules, key)];
        Xunit.Assert.Equal(1, batcher.Free);
        return all;
    }

    public ChoiceScores Choose(Choices choices, int rows) => choices.Ask(engine, Model, parameters.Buffers, rows) ?? throw new InvalidOperationException();

    /// <summary>Makes its numbers what no number is, as after a run that diverged.</summary>
    public void Spoil() => parameters.Buffers.Values[0].Write<float>([.. Enumerable.Repeat(float.NaN, (int)parameters.Buffers.Values[0].Type.Size)]);

    public Decoder Decoder() => new(engine, Model, parameters.Buffers);

    public int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => (int)key.FoldIn("tokens").Below(i, Config.Vocabulary))];

    /// <summary>The logits after the last of these tokens, without caches.</summary>
    public float[] Logits(int[] tokens)
    {
        using var executable = engine.Compile(Programs.Logits(Model, new(1, tokens.Length)));
        using var inputs = engine.Allocate(new([1, tokens.Length], DType.I32));
        inputs.Write<int>(tokens);
        var given = executable.Program.Inputs.ToDictionary(static i => i.Name, i => i.Name == Names.Inputs ? inputs : parameters[i.Name["param/".Length..]]);
        using var binding = executable.Bind(given);
        binding.Run();
        return binding[Names.Logits].ToArray<float>()[^Config.Vocabulary..];
    }

    public Score Score(int[] tokens) => Functional.Sessions.Score.Of(engine, Model, parameters.Buffers, Tokenizer, TokenStream.Of(tokens), default);

    public void Dispose()
    {
        parameters.Dispose();
        engine.Dispose();
    }
}
