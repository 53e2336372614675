using Functional.Base;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>
/// A published family of decoders as data: the members of its <c>config.json</c> and the names and layouts of its tensors, each both ways. What an absent
/// member means is the family's own.
/// </summary>
public sealed record Family
{
    // Members that change nothing of what is computed, or are read beside the parts.
    static readonly string[] others =
    [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "use_cache", "bos_token_id", "eos_token_id", "pad_token_id",
            "sep_token_id",
        "unk_token_id", "id2label", "label2id", "num_labels", "initializer_range", "init_std", "_name_or_path", "_attn_implementation_autoset",
        "pretraining_tp", "cache_implementation", "output_router_logits", "router_jitter_noise", "layerdrop", "classifier_dropout", "reorder_and_upcast_attn",
        "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj", "task_specific_params", "n_ctx", "prefix",
        "ignore_keys_at_rope_validation", "is_decoder", "gradient_checkpointing", "problem_type", "torchscript", "return_dict", "output_attentions",
        "output_hidden_states", "chunk_size_feed_forward", "use_return_dict", "tokenizer_class",
        "bad_words_ids", "finetuning_task", "do_sample", "unsloth_version",
        "max_length", "min_length", "temperature", "top_k", "top_p", "num_beams", "repetition_penalty", "length_penalty", "attn_implementation",
    ];

    /// <summary>The family's name, and the <c>model_type</c> of its files.</summary>
    public required string Name { get; init; }

    /// <summary>How the names of its classes begin, such as <c>Llama</c>.</summary>
    public required string Class { get; init; }

    /// <summary>What the class of a language model is called behind that.</summary>
    internal string Causal { get; init; } = "ForCausalLM";

    /// <summary>The members and the settings that they stand for, in the order in which they are read.</summary>
    internal Vec<ConfigPart> Parts { get; init; } = [];

    /// <summary>The tensors of a configuration's body, with the prefix of a whole model.</summary>
    internal Func<DecoderConfig, Vec<TheirTensor>> Body { get; init; } = static _ => [];

    /// <summary>What the names of the body's tensors begin with, which a file of the body alone leaves out.</summary>
    public required string Prefix { get; init; }

    /// <summary>The name of the head of tokens.</summary>
    internal string Head { get; init; } = "lm_head.weight";

    /// <summary>How names of tensors end that files may hold and nobody needs: masks and frequencies, which were once stored.</summary>
    internal Vec<string> Ignored { get; init; } = ["rotary_emb.inv_freq"];

    /// <summary>What a <c>config.json</c> of this family describes, or every fault in it.</summary>
    internal Validation<Fault, PublishedModel> Read(ConfigSource from)
    {
        var faults = new List<Fault>();
        var config = new DecoderConfig { Bias = Biases.None };
        foreach (var part in Parts) config = part.Read(from, config).Match(static read => read, f => { faults.AddRange(f); return config; });
        foreach (var f in OtherModels.Refuse(from, name => Parts.Any(part => part.Names.Contains(name)))) faults.Add(f);
        var labels = Labels(from);
        var tokens = TokenMarks.Read(from);
        foreach (var f in labels.FailToSeq().Concat(tokens.FailToSeq())) faults.Add(f);
        if (faults.Count > 0) return Validation<Fault, PublishedModel>.Fail(faults.ToSeq().Strict());
        var whole = config with { Labels = labels.IfFail(0) };
        if (whole is { Labels: > 0, EmbeddingWidth: > 0 })
            return from.Wrong("architectures", "is a judge of texts with embeddings of another width", "allowed: a language model").As<PublishedModel>();
        return whole.Validate().MapFail(new ConfigEntries(from, [.. Parts.SelectMany(static part => part.Names)]).Named)
            .Map(valid => new PublishedModel(this, valid, tokens.IfFail(TokenMarks.None), Remarks(from)));
    }

    Vec<string> Remarks(ConfigSource from) =>
    [
        .. from.Members.Names.Where(name => !others.Contains(name) && !OtherModels.Knows(name) && !Parts.Any(part => part.Names.Contains(name))
            && from.Members[name] is not (Json.Null or Json.Bool { Value: false }))
            .Select(name => name == OtherModels.Code ? $"{from.Where}: {name} names code of its own, which is not run: the model is read as {Name} is known here"
                : $"{from.Where}: {name} is not known, and not used"),
    ];

    Validation<Fault, int> Labels(ConfigSource from) => from.Words("architectures").Bind(names => names.IfNone([]) switch
    {
        [] => Success<Fault, int>(0),
        // A body alone is read with its head, which it must then have, or be tied to.
        [var only] when only == Class + Causal || only == $"{Class}Model" || only == $"{Class}TextModel" => Success<Fault, int>(0),
        [var only] when only == $"{Class}ForSequenceClassification" => (from.Inside("id2label"), from.Whole("num_labels", 1)).Apply(static (map, count) =>
            map.Map(static m => m.Members.Count).IfNone(count.IfNone(2))),
        var other => from.Wrong("architectures", $"is {string.Join(", ", other.Take(3))}",
            $"allowed: {Class}{Causal}, {Class}ForSequenceClassification").As<int>(),
    });

    /// <summary>
    /// A <c>config.json</c> that says what a configuration is, or every setting that this family has no words for. It is in the form of transformers 4.56,
    /// which later versions read as well.
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokens">The special tokens.</param>
    /// <param name="dtype">The type of the weights, such as <c>bfloat16</c>.</param>
    public Validation<Fault, Json> Write(DecoderConfig config, TokenMarks tokens, string dtype = "float32")
    {
        (string, Json)[] labels = config.Labels == 0 ? [] :
        [
            ("id2label", new Json.Map(Enumerable.Range(0, config.Labels).Select(static i => (FormattableString.Invariant($"{i}"),
                (Json)new Json.Text($"LABEL_{i}"))).ToParams())),
            ("label2id", new Json.Map(Enumerable.Range(0, config.Labels).Select(static i => ($"LABEL_{i}", (Json)new Json.Whole(i))).ToParams())),
        ];
        var architecture = Class + (config.Labels > 0 ? "ForSequenceClassification" : Causal);
        (string Name, Json Value)[] members =
        [
            ("model_type", new Json.Text(Name)), ("architectures", new Json.List([new Json.Text(architecture)])), ("torch_dtype", new Json.Text(dtype)),
            ("transformers_version", new Json.Text("4.56.0")), ("use_cache", new Json.Bool(true)), .. tokens.Write(), .. labels, .. Parts.SelectMany(part =>
                part.Write(config)),
        ];
        var json = new Json.Map(members.GroupBy(static m => m.Name).Select(static g => g.Last()).OrderBy(static m => m.Name,
            StringComparer.Ordinal).ToParams());
        // What it would be read as again tells what has been lost on the way.
        return Read(new ConfigSource(json.Members, "config.json")).Bind(read => Canonical.Differences(config, read.Config) is { Count: > 0 } lost
            // Where a family has one width for MLPs and experts.
            ? Canonical.WithoutMlps(config) is var other && other != config ? Write(other, tokens, dtype)
            : Validation<Fault, Json>.Fail(lost.Select(d => new Fault(d.Name, $"is {d.Wanted}", $"{Name} has {d.Got}")).ToSeq().Strict())
            : Success<Fault, Json>(json));
    }

    /// <summary>Every tensor of a configuration, body first, as a file of the whole model names it.</summary>
    public Vec<TheirTensor> Tensors(DecoderConfig config) =>
    [
        .. Body(config),
        .. config.Labels > 0 ? (Vec<TheirTensor>)[TheirTensor.Same("score.weight", "score.weight", config.Labels, config.Width)]
            : config.TiedHead ? []
            : [TheirTensor.Same(Head, "head.weight", config.Vocabulary, config.EmbeddingWidth > 0 ? config.EmbeddingWidth : config.Width)],
    ];

    /// <summary>Whether a tensor may be in a file though the model does not need it.</summary>
    public bool Ignores(string name, DecoderConfig config) =>
        Ignored.Any(end => name == end || name.EndsWith("." + end, StringComparison.Ordinal)) || (name == Head && (config.TiedHead || config.Labels > 0));
}

/// <summary>A model as its <c>config.json</c> describes it.</summary>
/// <param name="Family">Its family.</param>
/// <param name="Config">Its settings, which are valid.</param>
/// <param name="Tokens">Its special tokens.</param>
/// <param name="Remarks">Members that are not known and not used, a line each.</param>
public sealed record PublishedModel(Family Family, DecoderConfig Config, TokenMarks Tokens, Vec<string> Remarks)
{
    /// <summary>Every tensor that a folder of weights must have.</summary>
    public Vec<TheirTensor> Tensors => Family.Tensors(Config);
}
