using Functional.Base;
using Functional.Families;
using Functional.Layers;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>A tensor of GGUF and what it is made of.</summary>
/// <param name="Tensor">Its name and shape there, and where its elements stand in ours.</param>
/// <param name="Type">How its numbers are kept.</param>
/// <param name="Added">What is added to each number.</param>
/// <param name="Constant">Its numbers, where they come from settings.</param>
sealed record GgufPart(TheirTensor Tensor, GgufType Type, float Added, Vec<float> Constant)
{
    /// <summary>As the file lists it.</summary>
    public GgufTensor Listed => new(Tensor.Name, Tensor.Shape, Type);
}

/// <summary>
/// Models as llama.cpp knows them: the architecture, its settings and its tensors, by the conventions of <c>convert_hf_to_gguf.py</c>. What a published family
/// has words for is asked of <see cref="Family"/> first; then what llama.cpp computes otherwise is refused.
/// </summary>
/// <param name="Architecture">Its name, such as <c>llama</c>.</param>
/// <param name="Metadata">Its settings.</param>
/// <param name="Parts">Its tensors.</param>
sealed record GgufModel(string Architecture, Vec<(string Key, GgufValue Value)> Metadata, Vec<GgufPart> Parts)
{
    // What llama.cpp calls a family, and the activation that it takes for granted.
    static readonly Params<(string Name, Activation Activation)> known = Params.Of(
        ("gpt2", ("gpt2", Activation.GeluTanh)), ("llama", ("llama", Activation.SwiGlu)), ("mistral", ("llama", Activation.SwiGlu)), ("qwen2", ("qwen2", Activation.SwiGlu)),
        ("qwen3", ("qwen3", Activation.SwiGlu)), ("gemma", ("gemma", Activation.GeGluTanh)), ("gemma2", ("gemma2", Activation.GeGluTanh)), ("phi3", ("phi3", Activation.SwiGlu)));

    // The last parts of names, theirs first.
    static readonly Params<string> layers = Params.Of(
        ("input_layernorm", "attn_norm"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"), ("self_attn.qkv_proj", "attn_qkv"), ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"), ("mlp.gate_up_proj", "ffn_up"), ("ln_1", "attn_norm"),
        ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"));

    static readonly Params<string> others = Params.Of(
        ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("transformer.wte", "token_embd"), ("transformer.wpe", "position_embd"),
        ("transformer.ln_f", "output_norm"));

    /// <summary>The families that can be written.</summary>
    public static Vec<string> Families => known.Names;

    /// <summary>A model in GGUF, or every setting that llama.cpp has no words for.</summary>
    /// <param name="family">The family that it is written as.</param>
    /// <param name="c">The model.</param>
    /// <param name="tokens">Special tokens.</param>
    /// <param name="type">How matrices are kept.</param>
    /// <param name="keeps">Of a model kept in few bits, whether a tensor of ours is; others are float32 then. Nothing for every matrix.</param>
    public static Validation<Fault, GgufModel> Of(Family family, DecoderConfig c, TokenMarks tokens, GgufType type, Func<string, bool>? keeps = null)
    {
        if (!known.Contains(family.Name))
            return Fault.Of<GgufModel>("family", $"is {family.Name}, which is not written as GGUF", $"allowed: {string.Join(", ", known.Names)}");
        var (name, activation) = known[family.Name];
        return family.Write(c, tokens).Bind(_ => Refused(name, activation, c) is { Count: > 0 } faults ? Validation<Fault, GgufModel>.Fail(faults.ToSeq().Strict())
            : Success<Fault, GgufModel>(new(name, Settings(name, c), [.. Frequencies(c), .. family.Tensors(c).Select(t => Part(name, Named(name, t, c), type, keeps))])));
    }

    static Vec<Fault> Refused(string name, Activation activation, DecoderConfig c)
    {
        Vec<(bool Wrong, string Where, string What, string Allowed)> rules =
        [
            (c.Labels > 0, "labels", $"is {c.Labels}", "a model that writes"),
            (c.Activation != activation, "activation", $"is {c.Activation}", $"{activation}"),
            (name != "gemma2" && Enumerable.Range(0, c.Layers).Any(c.HasWindow) && c.Window < c.Context, "window", $"is {c.Window} in a context of {c.Context}", "none"),
            (c.Positions == Positions.Rotary && c.Rotary.Pairs(c.SizeOfHead) * 2 != c.SizeOfHead, "rope-share", FormattableString.Invariant($"is {c.Rotary.Share:R}"), "1"),
            (c.Positions == Positions.Rotary && c.Rotary.Kind is not (RopeKind.None or RopeKind.Linear or RopeKind.Llama3), "rope-scaling", $"is {c.Rotary.Kind}", "none, linear, llama3"),
            (c.AttentionScale > 0 && Math.Abs(c.AttentionScale * Math.Sqrt(c.SizeOfHead) - 1) > 1e-9, "attention-scale", FormattableString.Invariant($"is {c.AttentionScale:R}"), "1 / √head-size"),
            (c.ScaledByLayer, "scaled-by-layer", "is true", "false"),
            (name is "qwen3" or "gemma" or "gemma2" or "phi3" && c.Bias != Biases.None, "bias", $"is {c.Bias}", "none"),
        ];
        return [.. rules.Where(static r => r.Wrong).Select(r => new Fault(r.Where, r.What, $"llama.cpp's {name} has {r.Allowed}"))];
    }

    static Vec<(string, GgufValue)> Settings(string name, DecoderConfig c)
    {
        (string, GgufValue) Whole(string key, int value) => ($"{name}.{key}", new GgufValue.Whole((uint)value));
        (string, GgufValue) Real(string key, double value) => ($"{name}.{key}", new GgufValue.Real((float)value));
        var turns = c.Positions == Positions.Rotary;
        return
        [
            Whole("context_length", c.Context), Whole("embedding_length", c.Width), Whole("block_count", c.Layers), Whole("feed_forward_length", c.HiddenWidth),
            Whole("vocab_size", c.Vocabulary), Whole("attention.head_count", c.Heads), Whole("attention.head_count_kv", c.KeyHeadCount),
            Whole("attention.key_length", c.SizeOfHead), Whole("attention.value_length", c.SizeOfHead),
            Real(c.Norm == NormKind.Layer ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", c.NormEpsilon),
            .. turns ? (Vec<(string, GgufValue)>)[Whole("rope.dimension_count", c.SizeOfHead), Real("rope.freq_base", c.Rotary.Base)] : [],
            .. turns && c.Rotary.Kind == RopeKind.Linear
                ? (Vec<(string, GgufValue)>)[($"{name}.rope.scaling.type", new GgufValue.Word("linear")), Real("rope.scaling.factor", c.Rotary.Factor)] : [],
            .. c.Window > 0 ? (Vec<(string, GgufValue)>)[Whole("attention.sliding_window", c.Window)] : [],
            .. c.AttentionCap > 0 ? (Vec<(string, GgufValue)>)[Real("attn_logit_softcapping", c.AttentionCap)] : [],
            .. c.LogitCap > 0 ? (Vec<(string, GgufValue)>)[Real("final_logit_softcapping", c.LogitCap)] : [],
        ];
    }

    // What each frequency is divided by.
    static IEnumerable<GgufPart> Frequencies(DecoderConfig c)
    {
        if (c.Positions != Positions.Rotary || c.Rotary.Kind != RopeKind.Llama3) yield break;
        var (plain, scaled) = (new RopeScaling.None().Frequencies(c.Rotary.Base, c.SizeOfHead, c.Context, c.Context),
            c.Rotary.Scaling(c.Context).Frequencies(c.Rotary.Base, c.SizeOfHead, c.Context, c.Context));
        yield return new(new("rope_freqs.weight", [plain.Count], []), GgufType.F32, 0, plain.Map((f, i) => (float)(f / scaled[i])));
    }

    static GgufPart Part(string architecture, TheirTensor tensor, GgufType type, Func<string, bool>? keeps)
    {
        var blocks = type is GgufType.Q8_0 or GgufType.Q4_0;
        var small = tensor.Shape.Count < 2 || tensor.Name == "position_embd.weight" || (blocks && tensor.Shape[^1] % 32 != 0) || (keeps is not null && !tensor.Pieces.All(p => keeps(p.Ours)));
        // Gemma's norms are times 1 + weight here and in its files, and times the weight there.
        var more = architecture is "gemma" or "gemma2" && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal);
        return new(tensor, small ? GgufType.F32 : type, more ? 1 : 0, []);
    }

    static TheirTensor Named(string architecture, TheirTensor theirs, DecoderConfig c)
    {
        var dot = theirs.Name.LastIndexOf('.');
        var (module, end) = (theirs.Name[..dot], theirs.Name[dot..]);
        if (others.Contains(module)) return theirs with { Name = others[module] + end };
        // model.layers.N.… or transformer.h.N.…
        var parts = module.Split('.', 4);
        var name = architecture == "gemma2" && parts[3] is "post_attention_layernorm" ? "post_attention_norm"
            : parts[3] switch { "pre_feedforward_layernorm" => "ffn_norm", "post_feedforward_layernorm" => "post_ffw_norm", var known => layers[known] };
        var heads = name == "attn_q" ? c.Heads : c.KeyHeadCount;
        return (architecture, name) switch
        {
            ("llama", "attn_q" or "attn_k") => new($"blk.{parts[2]}.{name}{end}", theirs.Shape, theirs.Pieces.Map(p => Neighbours(p, heads))),
            // Matrices of GPT-2 are [inputs, outputs] in its own files.
            ("gpt2", "attn_qkv" or "attn_output" or "ffn_up" or "ffn_down") when theirs.Shape.Count == 2 =>
                TheirTensor.Turned($"blk.{parts[2]}.{name}{end}", theirs.Pieces[0].Ours, (int)theirs.Shape[0], (int)theirs.Shape[1]),
            _ => theirs with { Name = $"blk.{parts[2]}.{name}{end}" },
        };
    }

    // The outputs of each head in the order in which llama.cpp turns them: the i-th of one half and of the other are neighbours there.
    static TensorPiece Neighbours(TensorPiece piece, int heads)
    {
        var axis = piece.From.Sizes.Count - 1;
        var half = piece.From.Sizes[axis] / heads / 2;
        var from = piece.From.Split(axis, heads).Split(axis + 1, half);
        return piece with
        {
            From = from.Permute([.. Enumerable.Range(0, axis + 1), axis + 2, axis + 1]),
            To = piece.To.Split(axis, heads).Split(axis + 1, 2),
        };
    }
}
