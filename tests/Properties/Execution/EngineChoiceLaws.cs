using FsCheck;
using FsCheck.Fluent;
using LanguageExt;
using static Functional.Execution.DeviceKind;

namespace Functional.Tests.Properties.Execution;

/// <summary>What there is, and a wish.</summary>
public sealed record Wish(EngineOptions Asked, Vec<EngineOffer> Offers)
{
    public Validation<Fault, EngineOptions> Resolved => EngineChoice.Resolve(Asked, Offers);

    public EngineOffer? Offer(EngineKind kind) => Offers.FirstOrDefault(o => o.Engine == kind);

    public EngineOptions? Chosen => Resolved.Match<Vec<EngineOptions>>(static o => [o], static _ => []) is [var only] ? only : null;

    public Vec<Fault> Faults => Resolved.Match(static _ => [], static faults => faults.ToVec());

    public bool Fits(EngineOptions options) => Offer(options.Engine) is { } offer && offer.Devices.Any(d => d.Device == options.Device)
        && (options.Precision != Precision.TF32 || options.Engine == EngineKind.Torch && options.Device.Kind == Cuda)
        && options.Threads is >= 0 and <= EngineOptions.MostThreads;

    public bool Grants(EngineOptions options) => (Asked.Engine == EngineKind.Auto || Asked.Engine == options.Engine)
        && (Asked.Device.Kind == DeviceKind.Auto || Asked.Device == options.Device) && Asked.Precision == options.Precision && Asked.Threads == options.Threads;
}

/// <summary>Choosing an engine: over every kind of machine and build, and every kind of wish.</summary>
public class EngineChoiceLaws
{
    static readonly string[] options = ["engine", "device", "precision", "threads"];

    public static Arbitrary<Wish> Wishes()
    {
        var offers =
            from torch in Gen.Elements("no torch", "broken torch", "torch", "torch", "torch")
            from gpus in Gen.SubListOf(0, 1, 2)
            from managed in Gen.Frequency((9, Gen.Constant(true)), (1, Gen.Constant(false)))
            select Offers(managed, torch, gpus.Order());
        var asked =
            from engine in Gen.Elements(EngineKind.Auto, EngineKind.Managed, EngineKind.Torch)
            from device in Gen.Elements(Device.Auto, Device.Auto, Device.Cpu, Device.Cuda(), Device.Cuda(1), Device.Cuda(7))
            from precision in Gen.Elements(Precision.F32, Precision.F32, Precision.TF32, Precision.BF16, Precision.F16)
            from threads in Gen.Frequency((8, Gen.Choose(0, EngineOptions.MostThreads)),
                (1, Gen.Elements(-1, int.MinValue, EngineOptions.MostThreads + 1, int.MaxValue)))
            select new EngineOptions { Engine = engine, Device = device, Precision = precision, Threads = threads };
        return Arb.From(from o in offers from a in asked select new Wish(a, o));
    }

    static Vec<EngineOffer> Offers(bool managed, string torch, IEnumerable<int> gpus) =>
    [
        .. managed ? (EngineOffer[])[new(EngineKind.Managed, "1", [new(Device.Cpu, "x64", 1 << 30)])] : [],
        .. torch == "no torch" ? (EngineOffer[])[] :
        [
            new(EngineKind.Torch, "2", torch == "broken torch" ? []
                : [.. gpus.Select(static i => new OfferedDevice(Device.Cuda(i), "H", 1L << 36)), new(Device.Cpu, "x64", 1 << 30)])
            {
                Missing = torch == "broken torch" ? [new("libtorch", "cannot be loaded", "install it")] : [],
            },
        ],
    ];

    /// <summary>Every engine and device by itself, to compare a choice with.</summary>
    static IEnumerable<EngineOptions> Everything(Wish wish) =>
        from offer in wish.Offers
        from device in offer.Devices
        select wish.Asked with { Engine = offer.Engine, Device = device.Device };

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool What_is_chosen_is_there_and_was_asked_for(Wish wish) => wish.Chosen is not { } chosen || wish.Fits(chosen) && wish.Grants(chosen);

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool A_wish_that_something_fulfils_is_fulfilled(Wish wish) =>
        // A wish for anything at all goes to the managed engine where torch has no GPU, and may fail with it.
        wish.Chosen is not null == Everything(wish).Any(o => wish.Fits(o) && wish.Grants(o))
        || wish is { Chosen: null, Asked: { Engine: EngineKind.Auto, Precision: not Precision.TF32, Device.Kind: not Cuda } }
            && wish.Offer(EngineKind.Managed) is null;

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool Choosing_again_changes_nothing(Wish wish) =>
        wish.Chosen is not { } chosen || EngineChoice.Resolve(chosen, wish.Offers).Match(again => again == chosen, static _ => false);

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool A_refusal_names_an_option_and_says_what_is_allowed(Wish wish) =>
        wish.Chosen is not null || wish.Faults.Any(static f => options.Contains(f.Where))
            && wish.Faults.All(static f => f.What.Length > 0 && f.Allowed.Length > 0);

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool An_option_that_asks_for_nothing_is_not_to_blame(Wish wish) => wish.Faults.All(f =>
        (f.Where != "device" || wish.Asked.Device.Kind != DeviceKind.Auto) && (f.Where != "precision" || wish.Asked.Precision != Precision.F32)
        && (f.Where != "threads" || wish.Asked.Threads is < 0 or > EngineOptions.MostThreads));

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool Threads_are_checked_whatever_else_is_wrong(Wish wish) =>
        wish.Asked.Threads is >= 0 and <= EngineOptions.MostThreads || wish.Faults.Any(static f => f.Where == "threads");

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool Left_open_the_first_GPU_is_chosen_where_there_is_one(Wish wish)
    {
        var open = wish with { Asked = wish.Asked with { Engine = EngineKind.Auto, Device = Device.Auto, Threads = 0 } };
        var gpus = wish.Offer(EngineKind.Torch)?.Devices.Where(static d => d.Device.Kind == Cuda).Select(static d => d.Device.Index).ToArray() ?? [];
        return gpus.Length > 0 ? open.Chosen is { Engine: EngineKind.Torch } chosen && chosen.Device == Device.Cuda(gpus.Min())
            : open.Chosen is not { } other || other.Device == Device.Cpu
                && other.Engine == (other.Precision != Precision.TF32 ? EngineKind.Managed : EngineKind.Torch);
    }

    /// <summary>Where torch need not be asked, asking it would change nothing.</summary>
    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool Torch_is_never_left_out_in_vain(Wish wish)
    {
        var gpus = wish.Offer(EngineKind.Torch)?.Devices.Count(static d => d.Device.Kind == Cuda) ?? 0;
        return EngineChoice.MayBeTorch(wish.Asked, () => Driver(gpus))
            || (wish with { Offers = wish.Offers.Where(static o => o.Engine == EngineKind.Managed).ToVec() }).Chosen == wish.Chosen;
    }

    [Property(Arbitrary = [typeof(EngineChoiceLaws)], MaxTest = 1000)]
    public bool Torch_is_asked_where_it_is_named_or_there_is_a_GPU_and_the_choice_is_open(Wish wish, bool gpu)
    {
        var asks = 0;
        var may = EngineChoice.MayBeTorch(wish.Asked, () => { asks++; return Driver(gpu ? 1 : 0); });
        var open = wish.Asked is { Engine: EngineKind.Auto, Device.Kind: DeviceKind.Auto, Precision: not Precision.TF32 };
        return asks == (open ? 1 : 0) && may == (wish.Asked.Engine == EngineKind.Torch || open && gpu
            || wish.Asked.Engine == EngineKind.Auto && (wish.Asked.Device.Kind == Cuda || wish.Asked.Precision == Precision.TF32));
    }

    static NvidiaFacts Driver(int gpus) => new(true, "12.8", [.. Enumerable.Range(0, gpus).Select(static i => new NvidiaGpu(i, "H", 1, "9.0"))], "");

    [Property]
    public bool Devices_read_back(NonNegativeInt index) => Device.Parse($"{Device.Cuda(index.Get)}") == Device.Cuda(index.Get);

    [Theory]
    [InlineData("auto", "auto")]
    [InlineData("cpu", "cpu")]
    [InlineData("cuda", "cuda:0")]
    [InlineData("cuda:3", "cuda:3")]
    [InlineData("cuda:", null)]
    [InlineData("cuda:-1", null)]
    [InlineData("cuda: 1", null)]
    [InlineData("cuda:99999999999", null)]
    [InlineData("CPU", null)]
    [InlineData("gpu", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_device_is_one_of_few_words(string? text, string? read) => Assert.Equal(read, Device.Parse(text)?.ToString());

    [Fact]
    public void A_machine_where_libtorch_does_not_load_says_why() => Assert.Equal(
        "engine: is torch, which cannot run here; allowed without it: managed\nlibtorch: cannot be loaded; install it",
        EngineChoice.Resolve(new() { Engine = EngineKind.Torch, Device = Device.Cpu }, Offers(true, "broken torch", []))
            .Match(static _ => "", static f => f.Lines()));

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_those_that_are() => Assert.Equal(
        "device: is cuda:9, which is not there; allowed: cuda:0, cuda:1, cpu",
        EngineChoice.Resolve(new() { Device = Device.Cuda(9) }, Offers(true, "torch", [0, 1])).Match(static _ => "", static f => f.Lines()));

    [Fact]
    public void Everything_wrong_is_said_at_once() => Assert.Equal(
        ["device", "precision", "threads"],
        EngineChoice.Resolve(new() { Engine = EngineKind.Managed, Device = Device.Cuda(), Precision = Precision.TF32, Threads = -1 },
            Offers(true, "torch", [0]))
            .Match(static _ => [], static f => f.Select(static x => x.Where).ToArray()));
}
