using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Families;

/// <summary>Models in GGUF, read back by a reader that knows nothing of what wrote them, beside the published files that they came from.</summary>
public sealed class GgufTests : IDisposable
{
    readonly Scratch scratch = new();
    readonly IEngine engine = new ManagedEngine(1);

    public void Dispose()
    {
        engine.Dispose();
        scratch.Dispose();
    }

    TrainedModel Imported(string name)
    {
        if (!Directory.Exists(scratch[name])) _ = TinyRun.Get(Import.Run(Hf.Folder(name), scratch[name]));
        return TinyRun.Get(TrainedModel.Open(engine, scratch[name]));
    }

    GgufFile Written(TrainedModel model, string type, string? family = null)
    {
        var file = scratch[$"{Guid.NewGuid()}.gguf"];
        var (_, written) = TinyRun.Get(model.ExportGgufTo(file, type, family));
        Assert.Equal(type, written);
        Assert.False(File.Exists(file + ".partial"));
        return new(File.ReadAllBytes(file));
    }

    static string Faults(TrainedModel model, string file, string? type = "f32", string? family = null) => TinyRun.Faults(model.ExportGgufTo(file, type, family));

    static readonly Dictionary<string, string> names = new()
    {
        ["input_layernorm"] = "attn_norm", ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v", ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm", ["self_attn.k_norm"] = "attn_k_norm", ["self_attn.qkv_proj"] = "attn_qkv", ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down", ["mlp.gate_up_proj"] = "ffn_up", ["ln_1"] = "attn_norm", ["ln_2"] = "ffn_norm",
        ["attn.c_attn"] = "attn_qkv", ["attn.c_proj"] = "attn_output", ["mlp.c_fc"] = "ffn_up", ["mlp.c_proj"] = "ffn_down", ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm", ["embed_tokens"] = "token_embd", ["norm"] = "output_norm", ["lm_head"] = "output", ["wte"] = "token_embd", ["wpe"] = "position_embd",
        ["ln_f"] = "output_norm",
    };

    static string Theirs(string name, bool gemma)
    {
        name = name.Replace("model.", "", StringComparison.Ordinal).Replace("transformer.", "", StringComparison.Ordinal);
        var (block, dot) = ("", name.LastIndexOf('.'));
        if (name.StartsWith("layers.", StringComparison.Ordinal) || name.StartsWith("h.", StringComparison.Ordinal))
        {
            var parts = name.Split('.', 3);
            (block, name) = ($"blk.{parts[1]}.", parts[2]);
            dot = name.LastIndexOf('.');
        }
        var module = gemma && name.StartsWith("post_attention_layernorm", StringComparison.Ordinal) ? "post_attention_norm" : names[name[..dot]];
        return block + module + name[dot..];
    }

    public static TheoryData<string> Models => ["gpt2", "llama", "llama-bf16", "llama-rope-linear", "llama-rope-llama3", "qwen2", "qwen3"];

    /// <summary>Every tensor of the published file, as convert_hf_to_gguf.py lays it out: rows of queries and keys of a Llama in pairs, GPT-2's matrices turned.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Each_published_tensor_stands_where_llama_cpp_looks_for_it(string name)
    {
        using var model = Imported(name);
        var (file, config) = (Written(model, "f32"), model.Run.Config.Decoder);
        using var weights = TinyRun.Get(WeightFolder.Open(Hf.Folder(name)));
        var seen = new HashSet<string>();
        foreach (var (theirs, stored) in weights.Tensors)
        {
            if (theirs.EndsWith(".attn.bias", StringComparison.Ordinal) || theirs.EndsWith("masked_bias", StringComparison.Ordinal) || theirs.EndsWith("inv_freq", StringComparison.Ordinal)) continue;
            if (theirs == "lm_head.weight" && config.TiedHead) continue;
            var expected = new float[stored.Shape.Aggregate(1L, static (n, s) => n * s)];
            _ = TinyRun.Get(weights.Read(theirs, ElementView.Of(stored.Shape), expected, ElementView.Of(stored.Shape)));
            var ours = Theirs(theirs, false);
            Assert.True(seen.Add(ours));
            var (sizes, type, numbers) = file.Tensors[ours];
            Assert.Equal(0u, type);
            var (rows, columns) = stored.Shape.Count == 2 ? (stored.Shape[0], stored.Shape[1]) : (stored.Shape[0], 1);
            var turned = name == "gpt2" && stored.Shape.Count == 2 && theirs.Contains(".h.", StringComparison.Ordinal) | theirs.StartsWith("h.", StringComparison.Ordinal);
            Assert.Equal(stored.Shape.Count == 1 ? [rows] : turned ? [rows, columns] : [columns, rows], sizes);
            var heads = ours.Contains("attn_q.", StringComparison.Ordinal) ? config.Heads : ours.Contains("attn_k.", StringComparison.Ordinal) ? config.KeyHeadCount : 0;
            if (!name.StartsWith("llama", StringComparison.Ordinal)) heads = 0;
            for (var r = 0; r < rows; r++)
                for (var k = 0; k < columns; k++)
                {
                    var row = heads == 0 ? r : Pairs(r, (int)rows / heads);
                    Assert.Equal(expected[r * columns + k], numbers[turned ? k * rows + r : row * columns + k]);
                }
        }
        Assert.Equal(seen.Concat(name == "llama-rope-llama3" ? ["rope_freqs.weight"] : []).Order(), file.Tensors.Keys.Order());

        // The i-th of the first half of a head, and the i-th of the second behind it.
        static int Pairs(int row, int size) => row / size * size + (row % size < size / 2 ? 2 * (row % size) : 2 * (row % size - size / 2) + 1);
    }

    [Fact]
    public void Settings_are_under_the_keys_that_llama_cpp_asks_for()
    {
        using var model = Imported("llama");
        var (c, data) = (model.Run.Config.Decoder, Written(model, "f16").Metadata);
        Assert.Equal("llama", data["general.architecture"]);
        Assert.Equal(1u, data["general.file_type"]);
        Assert.Equal(2u, data["general.quantization_version"]);
        Assert.Equal((uint)c.Context, data["llama.context_length"]);
        Assert.Equal((uint)c.Width, data["llama.embedding_length"]);
        Assert.Equal((uint)c.Layers, data["llama.block_count"]);
        Assert.Equal((uint)c.HiddenWidth, data["llama.feed_forward_length"]);
        Assert.Equal((uint)c.Vocabulary, data["llama.vocab_size"]);
        Assert.Equal((uint)c.Heads, data["llama.attention.head_count"]);
        Assert.Equal((uint)c.KeyHeadCount, data["llama.attention.head_count_kv"]);
        Assert.Equal((uint)c.SizeOfHead, data["llama.attention.key_length"]);
        Assert.Equal((uint)c.SizeOfHead, data["llama.attention.value_length"]);
        Assert.Equal((uint)c.SizeOfHead, data["llama.rope.dimension_count"]);
        Assert.Equal((float)c.NormEpsilon, data["llama.attention.layer_norm_rms_epsilon"]);
        Assert.Equal((float)c.Rotary.Base, data["llama.rope.freq_base"]);
        Assert.Equal("no_vocab", data["tokenizer.ggml.model"]);
        using var gpt2 = Imported("gpt2");
        var other = Written(gpt2, "f32").Metadata;
        Assert.Equal((float)gpt2.Run.Config.Decoder.NormEpsilon, other["gpt2.attention.layer_norm_epsilon"]);
        Assert.DoesNotContain("gpt2.rope.freq_base", other.Keys);
        using var linear = Imported("llama-rope-linear");
        var scaled = Written(linear, "f32").Metadata;
        Assert.Equal("linear", scaled["llama.rope.scaling.type"]);
        Assert.Equal((float)linear.Run.Config.Decoder.Rotary.Factor, scaled["llama.rope.scaling.factor"]);
        // What llama.cpp divides each frequency by.
        using var llama3 = Imported("llama-rope-llama3");
        var (rotary, context) = (llama3.Run.Config.Decoder.Rotary, llama3.Run.Config.Decoder.Context);
        var (_, _, factors) = Written(llama3, "f16").Tensors["rope_freqs.weight"];
        var size = llama3.Run.Config.Decoder.SizeOfHead;
        var frequencies = rotary.Scaling(context).Frequencies(rotary.Base, size, context, context);
        for (var i = 0; i < size / 2; i++) Assert.Equal(frequencies[i], Math.Pow(rotary.Base, -2.0 * i / size) / factors[i], 1e-7);
        Assert.Contains(factors, static f => f > 1);
    }

    /// <summary>Norms of Gemma are times 1 + weight here, and times the weight there.</summary>
    [Fact]
    public void Norms_of_gemma_have_the_one_in_them()
    {
        var config = new DecoderConfig
        {
            Layers = 1, Heads = 2, Width = 8, Hidden = 6, HeadSize = 4, Context = 8, Vocabulary = 5, Bias = Biases.None, Norm = NormKind.RmsPlusOne, NormEpsilon = 1e-6, Positions = Positions.Rotary,
            Activation = Activation.GeGluTanh, ScaledEmbeddings = true,
        };
        var parts = TinyRun.Get(GgufModel.Of(Published.Find("gemma").IfNone(static () => throw new InvalidOperationException()), config, TokenMarks.None, GgufType.F16)).Parts;
        Assert.Equal(["blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"], parts.Where(static p => p.Added == 1).Select(static p => p.Tensor.Name).Order(StringComparer.Ordinal));
        Assert.All(parts, static p => Assert.Equal(p.Tensor.Shape.Count == 2 ? GgufType.F16 : GgufType.F32, p.Type));
    }

    RunConfig Config(Func<DecoderConfig, DecoderConfig> change) => TinyRun.Config with
    {
        Model = change(new() { Layers = 2, Heads = 4, KeyHeads = 2, Width = 64, Hidden = 96, Context = 9, Bias = Biases.None, Norm = NormKind.Rms, Positions = Positions.Rotary, Activation = Activation.SwiGlu,
            Vocabulary = 0 }),
        Stage = TinyRun.Config.Stage with { SampleEvery = 0, Steps = 2 },
    };

    string Trained(string name, Func<DecoderConfig, DecoderConfig>? change = null)
    {
        _ = TinyRun.Get(TinyRun.Train(scratch[name], Config(change ?? (static c => c))));
        return scratch[name];
    }

    /// <summary>Of a run in few bits every number is the one that it keeps; of a run in float32 it is the nearest.</summary>
    [Theory, InlineData("q8_0", 8, true), InlineData("q8_0", 8, false), InlineData("q4_0", 4, true), InlineData("q4_0", 4, false)]
    public void Blocks_hold_the_numbers_that_a_run_keeps(string type, int bits, bool tied)
    {
        var run = Trained("run", c => c with { TiedHead = tied });
        _ = TinyRun.Get(Quantising.Run(engine, run, scratch["kept"], bits));
        using var kept = TinyRun.Get(TrainedModel.Open(engine, scratch["kept"]));
        using var whole = TinyRun.Get(TrainedModel.Open(engine, run));
        var (blocks, floats, rounded) = (Written(kept, type), Written(kept, "f32"), Written(whole, type));
        Assert.Equal(bits == 8 ? 7u : 2u, blocks.Metadata["general.file_type"]);
        foreach (var (name, (_, kind, numbers)) in blocks.Tensors)
        {
            Assert.Equal(name.Contains("norm", StringComparison.Ordinal) || (name.StartsWith("token_embd", StringComparison.Ordinal) && !tied) ? 0u : bits == 8 ? 8u : 2u, kind);
            Assert.Equal(floats.Tensors[name].Numbers, numbers);
            if (kind != 0) Assert.Equal(numbers, rounded.Tensors[name].Numbers);
        }
        // Without a word about it, what it keeps.
        Assert.Equal(type, TinyRun.Get(kept.ExportGgufTo(scratch["own.gguf"])).Type);
        Assert.Equal("f16", TinyRun.Get(whole.ExportGgufTo(scratch["whole.gguf"])).Type);
    }

    GgufFile Of(Vec<GgufPart> parts, Func<string, (float[], float[])> weights)
    {
        var file = scratch[$"{Guid.NewGuid()}.gguf"];
        _ = TinyRun.Get(GgufWriter.Write(file, Params<GgufValue>.Empty, parts, name => weights(name), Disk.Real));
        return new(File.ReadAllBytes(file));
    }

    /// <summary>Biases of a Llama's queries and keys go with the rows that they belong to.</summary>
    [Fact]
    public void Biases_go_with_their_rows()
    {
        var config = new DecoderConfig
        {
            Layers = 1, Heads = 4, KeyHeads = 2, Width = 16, Hidden = 8, HeadSize = 4, Context = 8, Vocabulary = 5, Bias = Biases.Qkv | Biases.Output, Norm = NormKind.Rms, Positions = Positions.Rotary,
            Activation = Activation.SwiGlu,
        };
        var parts = TinyRun.Get(GgufModel.Of(Published.Find("llama").IfNone(static () => throw new InvalidOperationException()), config, TokenMarks.None, GgufType.F32)).Parts;
        var file = Of([.. parts.Where(static p => p.Tensor.Name is "blk.0.attn_q.bias" or "blk.0.attn_k.bias" or "blk.0.attn_v.bias")], static _ => ([.. Enumerable.Range(0, 32).Select(static i => (float)i)], []));
        float[] Pairs(int first, int heads) => [.. Enumerable.Range(0, heads).SelectMany(h => ((int[])[0, 2, 1, 3]).Select(i => (float)(first + 4 * h + i)))];
        Assert.Equal(Pairs(0, 4), file.Tensors["blk.0.attn_q.bias"].Numbers);
        Assert.Equal(Pairs(16, 2), file.Tensors["blk.0.attn_k.bias"].Numbers);
        Assert.Equal(Enumerable.Range(24, 8).Select(static i => (float)i), file.Tensors["blk.0.attn_v.bias"].Numbers);
    }

    /// <summary>A tensor that is written in several parts has its own scales in each.</summary>
    [Fact]
    public void Large_tensors_keep_their_scales()
    {
        float[] scales = [.. Enumerable.Range(0, 33 * 1024).Select(static i => (float)Math.ScaleB(1, -(i / 1024 % 5)))];
        float[] numbers = [.. scales.Select(static (s, i) => s * (i % 200 - 100))];
        var file = Of([new(TheirTensor.Same("x.weight", "x", 33, 1024), GgufType.Q8_0, 0, [])], _ => (numbers, scales));
        Assert.Equal(numbers, file.Tensors["x.weight"].Numbers);
    }

    /// <summary>The scale of a group may be so small that rounding again would find another: it is written as it is kept.</summary>
    [Fact]
    public void Scales_are_written_as_they_are_kept()
    {
        var random = new Random(3);
        PanelMatrix kind = new(new(8), 4, 64, false);
        var words = new int[kind.Packing.Words(4, 64).Size];
        var found = false;
        for (var turn = 0; turn < 200; turn++)
        {
            float[] matrix = [.. Enumerable.Range(0, 256).Select(_ => (float)((random.NextDouble() - 0.5) * 127 * Math.Pow(2, -24) * (2 + turn % 40)))];
            Assert.Null(Panels.Pack(matrix, kind, words));
            var (numbers, scales, bytes) = (new float[256], new float[256], new byte[8 * 34]);
            Panels.Unpack(words, kind, numbers, scales);
            Assert.Null(GgufBlocks.Write(numbers, scales, GgufType.Q8_0, bytes));
            for (var i = 0; i < 256; i++) Assert.Equal(numbers[i], (sbyte)bytes[i / 32 * 34 + 2 + i % 32] * (float)BitConverter.ToHalf(bytes, i / 32 * 34));
            Assert.Null(GgufBlocks.Write(numbers, [], GgufType.Q8_0, bytes));
            for (var i = 0; i < 256; i++) found |= numbers[i] != (sbyte)bytes[i / 32 * 34 + 2 + i % 32] * (float)BitConverter.ToHalf(bytes, i / 32 * 34);
        }
        Assert.True(found, "rounding again finds the same: the scales need not be handed on");
    }

    [Fact]
    public void Rows_that_are_no_multiple_of_a_block_stay_as_they_are()
    {
        using var model = TinyRun.Get(TrainedModel.Open(engine, Trained("run", static c => c with { Width = 48, Hidden = 96 })));
        var file = Written(model, "q8_0");
        Assert.Equal(0u, file.Tensors["blk.0.attn_q.weight"].Type);
        Assert.Equal(8u, file.Tensors["blk.0.ffn_down.weight"].Type);
    }

    [Fact]
    public void What_llama_cpp_has_no_words_for_is_named()
    {
        var at = scratch["x.gguf"];
        void Refused(string name, Func<DecoderConfig, DecoderConfig> change, string family, params string[] words)
        {
            using var model = TinyRun.Get(TrainedModel.Open(engine, Trained(name, change)));
            var told = Faults(model, at, "f32", family);
            Assert.All(words, word => Assert.Contains(word, told, StringComparison.Ordinal));
            Assert.False(File.Exists(at));
        }
        Refused("a", static c => c with { Window = 3 }, "mistral", "window: is 3");
        Refused("b", static c => c with { Rotary = c.Rotary with { Kind = RopeKind.Yarn, Factor = 2 } }, "llama", "rope-scaling: is Yarn");
        Refused("c", static c => c with { Activation = Activation.GeGlu }, "llama", "activation: is GeGlu");
        Refused("d", static c => c with { Bias = Biases.Qkv | Biases.Output, QueryKeyNorm = QueryKeyNorm.Head }, "qwen3", "bias: is Qkv, Output");
        Refused("e", static c => c with { Positions = Positions.Alibi }, "llama", "positions");
        Refused("f", static c => c, "opt", "family: is opt", "gpt2, llama");
        Refused("g", static c => c with { Rotary = c.Rotary with { Share = 0.5 } }, "phi3", "rope-share");
        using var plain = TinyRun.Get(TrainedModel.Open(engine, scratch["f"]));
        Assert.Contains("type: is q5_0", Faults(plain, at, "q5_0"), StringComparison.Ordinal);
        _ = TinyRun.Get(plain.ExportGgufTo(at));
        var whole = File.ReadAllBytes(at);
        Assert.Contains("is there already", Faults(plain, at), StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllBytes(at));
        Assert.Contains("folder that does not exist", Faults(plain, scratch["no/x.gguf"]), StringComparison.Ordinal);
        using var judge = Imported("llama-seqcls");
        Assert.Contains("labels", Faults(judge, scratch["judge.gguf"]), StringComparison.Ordinal);
        using var experts = Imported("mixtral");
        Assert.Contains("family: is mixtral", Faults(experts, scratch["experts.gguf"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Wherever_the_disk_fails_there_is_no_file_or_all_of_it()
    {
        using var model = TinyRun.Get(TrainedModel.Open(engine, Trained("run")));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        using var parameters = TinyRun.Get(run.LoadKept(engine, model.Checkpoint));
        for (var (at, ended) = (0, false); !ended; at++)
        {
            ended = GgufExport.Write(run, parameters.Buffers, scratch["x.gguf"], "f16", null, new FailingDisk(at, false)).IsSuccess;
            Assert.Equal(ended, File.Exists(scratch["x.gguf"]));
            Assert.False(File.Exists(scratch["x.gguf.partial"]));
            Assert.True(at < 300);
        }
    }

    [Property(MaxTest = 50)]
    public void Characters_and_bytes_are_literals_that_stand_for_themselves(string text)
    {
        foreach (var tokenizer in (Tokenizer[])[CharTokenizer.Of(RuneSet.Empty.Add("\\x\n\t'é😀\0" + string.Concat(text.EnumerateRunes()))), ByteTokenizer.Instance])
        {
            var words = TinyRun.Get(GgufTokenizer.Of(tokenizer, TokenMarks.None)).ToDictionary(static w => w.Key, static w => w.Value);
            Assert.Equal(new GgufValue.Word("rwkv"), words["tokenizer.ggml.model"]);
            var tokens = ((GgufValue.Words)words["tokenizer.ggml.tokens"]).Values;
            Assert.Equal(tokenizer.VocabularySize, tokens.Count);
            for (var id = 0; id < tokens.Count; id++) Assert.Equal(tokenizer.Bytes(id).ToArray(), Unescaped(tokens[id]));
        }

        // As llama_unescape_rwkv_token does.
        static byte[] Unescaped(string token)
        {
            var bytes = new List<byte>();
            for (var i = 0; i < token.Length; i++)
                if (token[i] != '\\') bytes.Add(checked((byte)token[i]));
                else if (token[++i] == 'x')
                {
                    bytes.Add((byte)((Digit(token[i + 1]) << 4) + Digit(token[i + 2])));
                    i += 2;
                }
                else bytes.Add(token[i] switch { 'n' => (byte)'\n', 't' => (byte)'\t', 'r' => (byte)'\r', var c => checked((byte)c) });
            return [.. bytes];
        }

        static int Digit(char c) => c >= 'a' ? c - 'a' + 10 : c - '0';
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_byte_pair_encoding_has_its_tokens_merges_kinds_and_pattern(bool gpt4)
    {
        BpeTraining training = new(300, 1, ["<|endoftext|>", "<|user|>"]);
        var splitter = gpt4 ? Splitter.Gpt4 : Splitter.Gpt2;
        var text = string.Concat(Enumerable.Repeat("the cat and the other cat's hat é ", 20));
        var tokenizer = SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(text, splitter), training), training, splitter).Sized(310)!;
        var words = TinyRun.Get(GgufTokenizer.Of(tokenizer, TokenMarks.None with { End = [0], Pad = LanguageExt.Prelude.Some(1) })).ToDictionary(static w => w.Key["tokenizer.ggml.".Length..], static w => w.Value);
        Assert.Equal(new GgufValue.Word("gpt2"), words["model"]);
        Assert.Equal(new GgufValue.Word(gpt4 ? "dbrx" : "gpt-2"), words["pre"]);
        Assert.Equal(new GgufValue.Whole(0), words["eos_token_id"]);
        Assert.Equal(new GgufValue.Whole(1), words["padding_token_id"]);
        Assert.Equal(new GgufValue.Flag(false), words["add_bos_token"]);
        Assert.DoesNotContain("bos_token_id", words.Keys);
        // With a token before every text, that is where it begins.
        var begun = new SubwordTokenizer(tokenizer.Definition with { Post = PostRules.None with { Single = [new([1], -1), new([], 0)] } });
        var before = TinyRun.Get(GgufTokenizer.Of(begun, TokenMarks.None)).ToDictionary(static w => w.Key["tokenizer.ggml.".Length..], static w => w.Value);
        Assert.Equal((new GgufValue.Flag(true), new GgufValue.Whole(1)), (before["add_bos_token"], before["bos_token_id"]));
        var (tokens, kinds, merges) = (((GgufValue.Words)words["tokens"]).Values, ((GgufValue.Wholes)words["token_type"]).Values, ((GgufValue.Words)words["merges"]).Values);
        Assert.Equal((310, 310), (tokens.Count, kinds.Count));
        Assert.Equal(tokens.Count, tokens.Distinct().Count());
        Assert.Equal([3, 3, 1], kinds.Take(3));
        for (var id = 0; id < 310; id++)
            if (tokenizer.Name(id).Length > 0) Assert.Equal(tokenizer.Name(id), tokens[id]);
            else Assert.Equal(5, kinds[id]);
        Assert.Equal(tokenizer.Merges.Count, merges.Count);
        Assert.All(merges.Zip(tokenizer.Merges), m => Assert.Equal($"{tokens[m.Item2.Left]} {tokens[m.Item2.Right]}", m.Item1));
        // Token 11 would end texts else.
        var open = TinyRun.Get(GgufTokenizer.Of(tokenizer, TokenMarks.None)).ToDictionary(static w => w.Key, static w => w.Value);
        Assert.Equal([0], tokenizer.Bytes((int)((GgufValue.Whole)open["tokenizer.ggml.eos_token_id"]).Value).ToArray());
    }
}
